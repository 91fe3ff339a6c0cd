// Command pulumi-resource-openstack is the Pulumi plug-in for OpenStack: the Terraform provider behind Pulumi's bridge.
//
// The vendor's own plug-in is not published as a Go module. This one wraps the same version of the same Terraform
// provider and answers to the names that the Python SDK uses (tokens.go).
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	tfshim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

// Settings of the provider that the vendor's plug-in also takes from the environment, and their variables.
var fromEnvironment = map[string]string{
	"allow_reauth":  "OS_ALLOW_REAUTH",
	"cloud":         "OS_CLOUD",
	"delayed_auth":  "OS_DELAYED_AUTH",
	"endpoint_type": "OS_ENDPOINT_TYPE",
	"insecure":      "OS_INSECURE",
	"region":        "OS_REGION_NAME",
	"swauth":        "OS_SWAUTH",
}

func main() {
	sdk, err := loadSDK()
	if err != nil {
		fail(err)
	}
	info, err := provider(sdk)
	if err != nil {
		fail(err)
	}
	tfbridge.Main("openstack", sdk.Version, info, []byte(fmt.Sprintf(`{"name":"openstack","version":%q}`, sdk.Version)))
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "pulumi-resource-openstack: %v\n", err)
	os.Exit(1)
}

// provider describes the Terraform provider in Pulumi's terms. It fails when the SDK and the provider do not fit.
func provider(sdk *sdk) (tfbridge.ProviderInfo, error) {
	info := tfbridge.ProviderInfo{
		P:                       shimv2.NewProvider(openstack.Provider()),
		Name:                    "openstack",
		Version:                 sdk.Version,
		GitHubOrg:               "terraform-provider-openstack",
		TFProviderModuleVersion: "v3",
		Config:                  map[string]*tfbridge.SchemaInfo{},
		Resources:               map[string]*tfbridge.ResourceInfo{},
		DataSources:             map[string]*tfbridge.DataSourceInfo{},
	}
	for field, variable := range fromEnvironment {
		info.Config[field] = &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}}}
	}
	if err := nameResources(&info, sdk); err != nil {
		return info, err
	}
	if err := nameDataSources(&info, sdk); err != nil {
		return info, err
	}
	// The two properties whose names in the SDK do not follow from Terraform's.
	info.Resources["openstack_networking_subnet_v2"].Fields = map[string]*tfbridge.SchemaInfo{
		"allocation_pool": {Name: "allocationPools"},
	}
	info.Resources["openstack_orchestration_stack_v1"].Fields = map[string]*tfbridge.SchemaInfo{
		"outputs": {Name: "StackOutputs"},
	}
	info.SetAutonaming(255, "-")
	return info, nil
}

func nameResources(info *tfbridge.ProviderInfo, sdk *sdk) error {
	var unknown []string
	for _, name := range names(info.P.ResourcesMap()) {
		found := sdk.resourceTokens(name)
		if len(found) == 0 {
			unknown = append(unknown, name)
			continue
		}
		resource := &tfbridge.ResourceInfo{Tok: tokens.Type(found[0])}
		info.Resources[name] = resource
		if len(found) > 1 { // a resource that the SDK has under its former name as well
			info.RenameResourceWithAlias(name, tokens.Type(found[1]), tokens.Type(found[0]),
				moduleOf(found[1]), moduleOf(found[0]), resource)
		}
	}
	return refuse("resources", unknown)
}

func nameDataSources(info *tfbridge.ProviderInfo, sdk *sdk) error {
	var unknown []string
	for _, name := range names(info.P.DataSourcesMap()) {
		found := sdk.functionTokens(name)
		if len(found) == 0 {
			unknown = append(unknown, name)
			continue
		}
		source := &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(found[0])}
		info.DataSources[name] = source
		if len(found) > 1 {
			info.RenameDataSource(name, tokens.ModuleMember(found[1]), tokens.ModuleMember(found[0]),
				moduleOf(found[1]), moduleOf(found[0]), source)
		}
	}
	return refuse("data sources", unknown)
}

// names lists a map before it is changed: naming an alias adds a resource to the provider.
func names(resources tfshim.ResourceMap) []string {
	var out []string
	for name := range resources.Range {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

func refuse(kind string, unknown []string) error {
	if len(unknown) == 0 {
		return nil
	}
	return fmt.Errorf("these %s of the Terraform provider have no name in the Python SDK: %s", kind, strings.Join(unknown, ", "))
}
