// Package libopenapi stands in for the parser of OpenAPI documents, which nothing but `pulumi cloud api` uses: a browser of the
// vendor's service for machines that reach it, where this engine is not built. The real one takes a fifth of the engine's
// compile time, one package after the other (docs/toolchain.md). Here every document is refused, so nothing behind
// NewDocument is ever called: the types only let the vendor's command compile.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// ErrLeftOut is the answer to every document.
var ErrLeftOut = errors.New("this build of the engine has no parser for OpenAPI documents; use the vendor's own build of Pulumi")

// Document is never made.
type Document struct{}

// DocumentModel is never made.
type DocumentModel struct {
	Model v3.Document
}

// NewDocument refuses every document with ErrLeftOut.
func NewDocument([]byte) (Document, error) { return Document{}, ErrLeftOut }

// BuildV3Model refuses with ErrLeftOut.
func (Document) BuildV3Model() (*DocumentModel, error) { return nil, ErrLeftOut }
