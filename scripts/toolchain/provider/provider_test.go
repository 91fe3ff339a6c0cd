package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	tfshim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

func load(t *testing.T) (*sdk, tfbridge.ProviderInfo) {
	t.Helper()
	sdk, err := loadSDK()
	if err != nil {
		t.Fatal(err)
	}
	info, err := provider(sdk)
	if err != nil {
		t.Fatal(err)
	}
	return sdk, info
}

func TestNames(t *testing.T) {
	sdk, _ := load(t)
	for terraform, expected := range map[string][]string{
		"openstack_networking_secgroup_rule_v2": {"openstack:networking/secGroupRule:SecGroupRule"},
		"openstack_compute_quotaset_v2":         {"openstack:compute/quotaSetV2:QuotaSetV2"},
		"openstack_lb_pool_v2":                  {"openstack:loadbalancer/pool:Pool"},
		"openstack_db_instance_v1":              {"openstack:database/instance:Instance"},
		"openstack_objectstorage_object_v1":     {"openstack:objectstorage/containerObject:ContainerObject"},
		"openstack_blockstorage_quotaset_v3":    {"openstack:blockstorage/quoteSetV3:QuoteSetV3"},
		"openstack_taas_tap_mirror_v2":          {"openstack:index/taasTapMirrorV2:TaasTapMirrorV2"},
		"openstack_bgpvpn_v2":                   {"openstack:bgpvpn/v2:V2", "openstack:index/bgpvpnV2:BgpvpnV2"},
		"openstack_networking_nonesuch_v2":      nil,
	} {
		if got := sdk.resourceTokens(terraform); !slices.Equal(got, expected) {
			t.Errorf("%s: got %q, expected %q", terraform, got, expected)
		}
	}
	if got := sdk.functionTokens("openstack_networking_network_v2"); !slices.Equal(got, []string{"openstack:networking/getNetwork:getNetwork"}) {
		t.Errorf("data source: got %q", got)
	}
}

// Every name that a Python program can ask for is served, and no two things are served under one name.
func TestEveryTokenOfTheSDKIsServedOnce(t *testing.T) {
	sdk, info := load(t)
	served := map[string]string{}
	serve := func(token, terraform string) {
		if other, ok := served[token]; ok {
			t.Errorf("%s is served by both %s and %s", token, other, terraform)
		}
		served[token] = terraform
	}
	for terraform, resource := range info.Resources {
		serve(string(resource.Tok), terraform)
	}
	for terraform, source := range info.DataSources {
		serve(string(source.Tok), terraform)
	}
	for _, token := range append(slices.Collect(maps.Keys(sdk.Resources)), sdk.Functions...) {
		if _, ok := served[token]; !ok {
			t.Errorf("%s is not served", token)
		}
	}
}

// A property travels under the name and in the shape (a list, or one value) that the SDK gives it.
func TestPropertiesEqualThoseOfTheSDK(t *testing.T) {
	sdk, info := load(t)
	for terraform, resource := range info.Resources {
		expected := sdk.Resources[string(resource.Tok)]
		got := properties(info.P.ResourcesMap().Get(terraform).Schema(), resource.Fields)
		for name := range got {
			if name == "id" { // every resource has one; the SDK does not list it
				delete(got, name)
			}
		}
		if !maps.Equal(got, expected) {
			t.Errorf("%s:\n got      %v\n expected %v", terraform, got, expected)
		}
	}
}

func properties(schema tfshim.SchemaMap, overlay map[string]*tfbridge.SchemaInfo) map[string]string {
	out := map[string]string{}
	for field, of := range schema.Range {
		shape := "single"
		if (of.Type() == tfshim.TypeList || of.Type() == tfshim.TypeSet) && !tfbridge.IsMaxItemsOne(of, overlay[field]) {
			shape = "list"
		}
		out[tfbridge.TerraformToPulumiNameV2(field, schema, overlay)] = shape
	}
	return out
}
