// Package config reads HCL files into Templates: typed values that keep the
// source range of everything a later message may have to point at.
//
// It reports every mistake of every file at once, as hcl.Diagnostics. It asks
// no API and builds nothing; what a Template becomes is the builder's business.
package config

import (
	"time"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Config is everything that one directory, or one file, declares.
type Config struct {
	Dir       string               // the directory that relative paths start from
	Files     map[string]*hcl.File // by name as shown to the user; for rendering diagnostics
	Settings  Settings
	Templates []*Template        // sorted by Address
	Mirrors   []mirrors.Declared // those of mirror blocks
	Rules     []Rule             // in source order
	Variables []Variable         // sorted by name
	Secrets   []string           // values that must never be shown: sensitive variables, registry credentials
}

// Variable is a declared variable with the value that it got.
type Variable struct {
	Name        string
	Type        string // as a message names it
	Description string
	Sensitive   bool
	Value       cty.Value // not wholly known where something was wrong
	Origin      Origin
	Range       hcl.Range // of the declaration
	ValueRange  hcl.Range // of the value, where it stands in a file
}

// Origin is where a value came from.
type Origin struct {
	Kind string // default, environment, auto_file, var_file or command_line; "": none
	Name string // the variable of the environment, the file, or the flag
}

// Rule is a failure rule of the author's: what its block holds is read by
// whoever knows what rules are.
type Rule struct {
	Name  string
	Body  hcl.Body
	Range hcl.Range // the block's header
}

// Settings is the e2bt block.
type Settings struct {
	RequiredVersion string
	Parallel        int    // 0: not said
	FilesHash       string // "" or "sdk"
}

// Template is one template block, or one instance of it under for_each.
type Template struct {
	Address      string // template.python or template.python["3.11"]
	Label        string
	Name         string // the name on the endpoint
	Description  string
	Tags         []string
	CPUCount     int
	MemoryMB     int
	Timeout      time.Duration // of the whole build; 0: none said
	StallTimeout time.Duration // no log line for so long is a stall; 0: the default
	Mirror       string
	Base         Base
	Env          map[string]string
	User         string // "" : not said
	Workdir      string // "" : not said
	Steps        []Step // in source order
	Cleanup      *Cleanup
	Start        *Start
	Checks       []Check
	Dir          string    // directory of the declaring file; COPY sources are relative to it
	Range        hcl.Range // the block's header
}

// Base says what a template starts from. At most one of Image, Template and
// External is set; none means E2B's default base.
type Base struct {
	Image    string
	Template string // the Address of a template of this configuration
	External string // the name of a template on the endpoint: base { template = "name" }
	Registry *Registry
	Steps    []Step // of a Dockerfile, before the template's own; their ranges are in that file
	Command  Line   // of a Dockerfile: what is started where the template does not say
	Range    hcl.Range
}

// Registry holds the credentials for a private base image.
type Registry struct {
	Type   string            // "registry", "aws" or "gcp"
	Fields map[string]string // by argument name: username, password; access_key_id, secret_access_key, region; service_account_json
	Range  hcl.Range
}

// Step is a batch, a copy or a set block; exactly one is not nil.
type Step struct {
	Batch *Batch
	Copy  *Copy
	Set   *Set
}

// Batch is one RUN step: package lists and commands with one timeout.
type Batch struct {
	Name     string
	Timeout  time.Duration // 0: none
	Retries  int
	Installs []Install // in the order of execution: by the manager table, then source order
	Run      []Line
	User     string // "" : not said
	Workdir  string
	Env      map[string]string
	Held     map[string]map[string]string // by manager, then package: versions that a lock holds the batch to
	Range    hcl.Range                    // the whole block, from its header to its closing brace
	Header   hcl.Range                    // the header alone: batch "name"
}

// Install is one package manager's list inside a batch, short or long form.
type Install struct {
	Manager  string
	Packages []Package
	Flags    []string
	User     string // "" : not said
	Range    hcl.Range
}

// Package is one entry of a list, pins already applied.
type Package struct {
	Name    string
	Version string    // "" : none; else as the manager wants it after its separator ("0.27.0"), or a whole constraint (">=0.27,<1")
	Text    string    // what the manager is given: httpx==0.27.0, left-pad@1.3.0, jq=1.6*
	Range   hcl.Range // of the list entry
	Pin     hcl.Range // of the pin that gave the version, where one did
}

// Line is a command with its place.
type Line struct {
	Text  string
	Range hcl.Range
}

// Copy is one copy block.
type Copy struct {
	From, To string
	User     string
	Mode     string   // "" or four octal digits
	Ignore   []string // patterns beyond .dockerignore
	Range    hcl.Range
	FromPos  hcl.Range // of the from argument's value
}

// Set changes env, user and workdir from its place on.
type Set struct {
	Env     map[string]string
	User    string
	Workdir string
	Range   hcl.Range
}

// Cleanup is the last step before start.
type Cleanup struct {
	Managers []string // managers whose caches go, in the order of the manager table
	Paths    []string
	Run      []Line
	Range    hcl.Range
}

// Start is the start command and how to tell that it is ready.
type Start struct {
	Command string
	Timeout time.Duration // of getting ready; 0: the endpoint's own
	Ready   *Ready
	Range   hcl.Range
}

// Ready is a probe; exactly one of the fields is set.
type Ready struct {
	Port    int
	URL     string
	Status  int // with URL: the wanted status, 200 if 0
	Process string
	File    string
	Command string
	Delay   time.Duration
	Range   hcl.Range
}

// Check is what is tried in a sandbox of the finished template: a command, or
// one of the built-in kinds.
type Check struct {
	Name     string
	Command  string
	Contains string
	Matches  string // a regular expression, already known to compile
	ExitCode int
	Tools    []string // programs that have to be there
	File     string   // has to be there
	Port     int      // has to answer; 0: not asked for
	Agent    *Agent   // has to start
	Env      map[string]string
	Timeout  time.Duration // 0: the default
	User     string
	Range    hcl.Range
}

// Agent is an agent that a check starts.
type Agent struct {
	Name   string
	Model  string // "" : its own choice
	Prompt string // of the one request; "" : a short one
}
