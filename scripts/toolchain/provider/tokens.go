package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Written by `scripts/toolchain/tokens` from the installed Python SDK.
//
//go:embed sdk.json
var sdkJSON []byte

// Modules of the SDK that are named otherwise than the first word of the Terraform name.
var modules = map[string]string{"db": "database", "fw": "firewall", "lb": "loadbalancer"}

// Names of the SDK that follow from no rule; the spelling is the SDK's.
var (
	irregularResources = map[string]string{
		"openstack_objectstorage_object_v1":  "openstack:objectstorage/containerObject:ContainerObject",
		"openstack_blockstorage_quotaset_v3": "openstack:blockstorage/quoteSetV3:QuoteSetV3",
	}
	irregularFunctions = map[string]string{
		"openstack_lb_flavor_v2":                           "openstack:loadbalancer/getLbFlavorDeprecated:getLbFlavorDeprecated",
		"openstack_dns_zone_v2":                            "openstack:dns/getDnsZone:getDnsZone",
		"openstack_sharedfilesystem_availability_zones_v2": "openstack:sharedfilesystem/getAvailbilityZones:getAvailbilityZones",
	}
)

// sdk is what the Python SDK asks for.
type sdk struct {
	Version string `json:"version"`
	// Resources maps each token to its properties, "list" or "single".
	Resources map[string]map[string]string `json:"resources"`
	Functions []string                     `json:"functions"`

	resources, functions index
}

// index finds tokens by "module/name" in lower case.
type index map[string][]string

func loadSDK() (*sdk, error) {
	s := &sdk{resources: index{}, functions: index{}}
	if err := json.Unmarshal(sdkJSON, s); err != nil {
		return nil, fmt.Errorf("sdk.json: %w", err)
	}
	for token := range s.Resources {
		s.resources.add(token, "")
	}
	for _, token := range s.Functions {
		s.functions.add(token, "get")
	}
	return s, nil
}

// add files "package:module/file:Name" under its module and its name without prefix.
func (i index) add(token, prefix string) {
	name := token[strings.LastIndex(token, ":")+1:]
	key := moduleOf(token) + "/" + strings.ToLower(strings.TrimPrefix(name, prefix))
	i[key] = append(i[key], token)
}

func moduleOf(token string) string {
	return strings.Split(strings.Split(token, ":")[1], "/")[0]
}

// resourceTokens returns the tokens of a Terraform resource: the current one first, then a former one if any.
func (s *sdk) resourceTokens(terraform string) []string {
	if token, ok := irregularResources[terraform]; ok {
		return []string{token}
	}
	return s.resources.find(terraform)
}

// functionTokens does the same for a Terraform data source.
func (s *sdk) functionTokens(terraform string) []string {
	if token, ok := irregularFunctions[terraform]; ok {
		return []string{token}
	}
	return s.functions.find(terraform)
}

// find applies the SDK's naming rule to openstack_<module>_<words>_<version>: the words are the name, with the version
// when the SDK has several; what was not given a module is in "index" under its whole name.
func (i index) find(terraform string) []string {
	words := strings.Split(strings.TrimPrefix(terraform, "openstack_"), "_")
	last := len(words) - 1
	module, name, version := words[0], strings.Join(words[1:last], ""), words[last]
	if renamed, ok := modules[module]; ok {
		module = renamed
	}
	return slices.Concat(i[module+"/"+name], i[module+"/"+name+version], i["index/"+strings.Join(words, "")])
}
