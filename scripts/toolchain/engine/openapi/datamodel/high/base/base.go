// Package base stands in for the model of schemas; nothing is ever made of it.
package base

import (
	"errors"

	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Info is the head of a document.
type Info struct {
	Version string
}

// SchemaProxy refers to a schema.
type SchemaProxy struct{}

// Schema resolves to nothing.
func (*SchemaProxy) Schema() *Schema { return nil }

// Schema has the fields that the vendor's command reads.
type Schema struct {
	AdditionalProperties *Value
	AllOf                []*SchemaProxy
	AnyOf                []*SchemaProxy
	Default              *yaml.Node
	Description          string
	Discriminator        *Discriminator
	Enum                 []*yaml.Node
	Extensions           *orderedmap.Map[string, *yaml.Node]
	Format               string
	Items                *Value
	MaxLength            *int64
	Maximum              *float64
	MinLength            *int64
	Minimum              *float64
	MultipleOf           *float64
	Nullable             *bool
	OneOf                []*SchemaProxy
	Pattern              string
	Properties           *orderedmap.Map[string, *SchemaProxy]
	ReadOnly             *bool
	Required             []string
	Type                 []string
}

// GoLow returns nothing.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline refuses.
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, errors.ErrUnsupported }

// Low is a schema as it was written.
type Low struct{}

// Hash is the same for all.
func (*Low) Hash() uint64 { return 0 }

// Discriminator tells variants of a schema apart.
type Discriminator struct {
	Mapping      *orderedmap.Map[string, string]
	PropertyName string
}

// Value is a schema or a truth value.
type Value struct {
	A *SchemaProxy
}

// IsA says that it is no schema.
func (*Value) IsA() bool { return false }
