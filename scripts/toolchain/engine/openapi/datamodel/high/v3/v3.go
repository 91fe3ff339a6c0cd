// Package v3 stands in for the model of documents; nothing is ever made of it.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Document has the fields that the vendor's command reads, as have the types below.
type Document struct {
	Components *Components
	Info       *base.Info
	Paths      *Paths
}

// Components are named schemas.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy]
}

// Paths are what a service offers.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem]
}

// PathItem holds the operations of a path.
type PathItem struct {
	Delete, Get, Head, Patch, Post, Put *Operation
}

// Operation is one method of a path.
type Operation struct {
	Deprecated  *bool
	Description string
	Extensions  *orderedmap.Map[string, *yaml.Node]
	OperationId string
	Parameters  []*Parameter
	RequestBody *RequestBody
	Responses   *Responses
	Summary     string
	Tags        []string
}

// Parameter is an argument of an operation.
type Parameter struct {
	Description string
	In          string
	Name        string
	Required    *bool
	Schema      *base.SchemaProxy
}

// RequestBody is what an operation takes.
type RequestBody struct {
	Content *orderedmap.Map[string, *MediaType]
}

// Responses are what an operation answers.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response]
	Default *Response
}

// Response is one answer.
type Response struct {
	Content     *orderedmap.Map[string, *MediaType]
	Description string
}

// MediaType is one form of a body.
type MediaType struct {
	Schema *base.SchemaProxy
}
