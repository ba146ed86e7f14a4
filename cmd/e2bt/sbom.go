package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// purl is the package URL of a package, or "" where its manager has no type.
func (in sheet) purl(p item) string {
	m, _ := mirrors.LookupManager(p.Manager)
	if m.Inventory == nil || m.Inventory.Purl == "" {
		return ""
	}
	system, release, _ := strings.Cut(in.OS, " ")
	kind, isSystem := strings.CutSuffix(m.Inventory.Purl, "/")
	if isSystem && system != "" {
		kind += "/" + url.PathEscape(strings.ToLower(system))
	}
	var path []string
	for _, part := range strings.Split(m.Key(p.Name), "/") {
		path = append(path, strings.ReplaceAll(url.PathEscape(part), "@", "%40"))
	}
	text := "pkg:" + kind + "/" + strings.Join(path, "/") + "@" + url.QueryEscape(p.Version)
	if isSystem && system != "" && release != "" {
		text += "?distro=" + url.QueryEscape(strings.ToLower(system)+"-"+release)
	}
	return text
}

func writeCycloneDX(out io.Writer, in sheet) error {
	bom := cyclonedx.NewBOM()
	self := cyclonedx.Component{BOMRef: "template", Type: cyclonedx.ComponentTypeContainer, Name: in.template, Version: in.buildID}
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: time.Now().UTC().Format(time.RFC3339), Component: &self,
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{Type: cyclonedx.ComponentTypeApplication, Name: "e2bt", Version: version()}}},
	}
	components := []cyclonedx.Component{}
	for i, p := range in.items() {
		components = append(components, cyclonedx.Component{
			BOMRef: fmt.Sprintf("package-%d", i+1), Type: cyclonedx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: in.purl(p),
			Properties: &[]cyclonedx.Property{{Name: "e2bt:manager", Value: p.Manager}},
		})
	}
	bom.Components = &components
	return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
}

func writeSPDX(out io.Writer, in sheet) error {
	doc := &v2_3.Document{
		SPDXVersion: v2_3.Version, DataLicense: v2_3.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: in.template,
		DocumentNamespace: "urn:e2bt:inventory:" + url.PathEscape(in.template) + ":" + in.buildID + ":" + randomHex(8),
		CreationInfo: &v2_3.CreationInfo{
			Created:  time.Now().UTC().Format(time.RFC3339),
			Creators: []common.Creator{{CreatorType: "Tool", Creator: "e2bt-" + version()}},
		},
	}
	template := spdxPackage("template", in.template, in.buildID)
	template.PrimaryPackagePurpose = "CONTAINER"
	doc.Packages = []*v2_3.Package{template}
	doc.Relationships = []*v2_3.Relationship{{RefA: common.MakeDocElementID("", "DOCUMENT"), RefB: common.MakeDocElementID("", "template"), Relationship: "DESCRIBES"}}
	for i, p := range in.items() {
		id := fmt.Sprintf("package-%d", i+1)
		pkg := spdxPackage(id, p.Name, p.Version)
		if at := in.purl(p); at != "" {
			pkg.PackageExternalReferences = []*v2_3.PackageExternalReference{{Category: "PACKAGE-MANAGER", RefType: "purl", Locator: at}}
		}
		doc.Packages = append(doc.Packages, pkg)
		doc.Relationships = append(doc.Relationships, &v2_3.Relationship{RefA: common.MakeDocElementID("", "template"), RefB: common.MakeDocElementID("", id), Relationship: "CONTAINS"})
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// spdxPackage says what is known of a package, and that the rest is not.
func spdxPackage(id, name, version string) *v2_3.Package {
	return &v2_3.Package{
		PackageSPDXIdentifier: common.ElementID(id), PackageName: name, PackageVersion: version,
		PackageDownloadLocation: "NOASSERTION", PackageLicenseConcluded: "NOASSERTION", PackageLicenseDeclared: "NOASSERTION", PackageCopyrightText: "NOASSERTION",
	}
}
