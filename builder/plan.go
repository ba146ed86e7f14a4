// Package builder turns Templates into a Plan and runs a Plan on the E2B API.
//
// Making a Plan is pure: the same configuration and files give the same bytes
// on every machine. Running one reports everything through Events; the package
// prints nothing and diagnoses nothing.
package builder

import (
	"time"

	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// Limits that E2B sets to every build; see plan warnings.
const (
	maxBuild            = time.Hour
	defaultStallTimeout = 10 * time.Minute
	defaultCPUCount     = 2
	defaultMemoryMB     = 1024

	// DefaultImage is what a template without a base starts from.
	DefaultImage = "e2bdev/base"
	// DefaultUser is the user that E2B gives to every template made from an image.
	DefaultUser = "user"
)

// Action says what a build would do to a template.
type Action string

// The actions of a plan. ActionUnknown is an offline plan's.
const (
	ActionCreate   Action = "create"
	ActionRebuild  Action = "rebuild"
	ActionUpToDate Action = "up_to_date"
	ActionUnknown  Action = "unknown"
)

// Plan is what would be built: templates in an order in which every one comes
// after what it is based on. Its JSON form is a contract.
type Plan struct {
	Version   int         `json:"version"`
	Templates []*Template `json:"templates"`
}

// Template is the plan of one template.
type Template struct {
	Address      string `json:"address"`
	Name         string `json:"name"`
	Action       Action `json:"action"`
	Reason       string `json:"reason,omitempty"`
	Fingerprint  string `json:"fingerprint"`
	FromImage    string `json:"from_image"`
	FromTemplate string `json:"from_template"`
	CPUCount     int    `json:"cpu_count"`
	MemoryMB     int    `json:"memory_mb"`
	Mirror       string `json:"mirror"`
	PullImage    string `json:"pull_image,omitempty"` // where a mirror has from_image
	Steps        []Step `json:"steps"`
	StartCmd     string `json:"start_cmd"`
	ReadyCmd     string `json:"ready_cmd"`

	EstimatedS float64 `json:"estimated_s,omitempty"` // from earlier builds; 0: not known

	Config     *config.Template `json:"-"`
	Parent     *Template        `json:"-"` // what it is based on, where that is of this plan
	definition string           // the tag of the fingerprint without a lock, where the plan was made with one
	live       string           // the id of the build that carries the fingerprint's tag, once compared
	out        buildContext     // what a template based on this one starts with
	profile    *mirrors.Profile
	digest     string // of the base image, as its official registry says
}

// Step is one step of a template's plan; Index counts from 1, as E2B does.
type Step struct {
	Index     int      `json:"index"`
	Type      string   `json:"type"`
	Args      []string `json:"args"`
	Batch     string   `json:"batch"`
	TimeoutS  int      `json:"timeout_s"`
	FilesHash string   `json:"files_hash"`
	Cache     string   `json:"cache"` // hit, miss or unknown
	Reason    string   `json:"reason"`
	Range     string   `json:"range"`

	Source  hcl.Range     `json:"-"` // where the author wrote it
	Config  config.Step   `json:"-"` // zero for a step that stands for template arguments or cleanup
	Tree    *archive.Tree `json:"-"` // what a COPY sends
	planned int           // the Index that it has in the plan, where that is another one
}

// Label names a step for people: its batch, or what it does.
func (s Step) Label() string {
	switch {
	case s.Batch != "":
		return s.Batch
	case s.Type == "COPY" && len(s.Args) > 1:
		return "copy " + s.Args[0]
	case len(s.Args) > 0:
		return s.Type + " " + s.Args[0]
	}
	return s.Type
}

// Retries is how often the step's batch may be tried again.
func (s Step) Retries() int {
	if s.Config.Batch == nil {
		return 0
	}
	return s.Config.Batch.Retries
}

// Find returns the step with that index.
func (t *Template) Find(index int) (Step, bool) {
	if index < 1 || index > len(t.Steps) {
		return Step{}, false
	}
	return t.Steps[index-1], true
}
