// Package e2b speaks the E2B API: wire types and one concrete client for
// templates, builds, files, tags and sandboxes.
//
// It knows HTTP, retries and redaction. It does not know HCL, plans or how a
// build is run; those live in packages that import this one.
package e2b

import "time"

// BuildState is the state of a build as the API reports it.
type BuildState string

// The four states of a build.
const (
	StateWaiting  BuildState = "waiting"
	StateBuilding BuildState = "building"
	StateReady    BuildState = "ready"
	StateError    BuildState = "error"
)

// Done reports whether a build in this state will not change any more.
func (s BuildState) Done() bool { return s == StateReady || s == StateError }

// RegisterRequest is the body of POST /v3/templates.
type RegisterRequest struct {
	Name     string   `json:"name"`
	Tags     []string `json:"tags,omitempty"`
	CPUCount int      `json:"cpuCount,omitempty"`
	MemoryMB int      `json:"memoryMB,omitempty"`
}

// Registration is what registering a template answers.
type Registration struct {
	TemplateID string   `json:"templateID"`
	BuildID    string   `json:"buildID"`
	Public     bool     `json:"public"`
	Names      []string `json:"names"`
	Tags       []string `json:"tags"`
	Aliases    []string `json:"aliases"`
}

// FileLink says whether an archive is already stored and, if not, where to
// PUT it. Headers are to be sent with the PUT.
type FileLink struct {
	Present bool              `json:"present"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Build is the body that triggers a build. Exactly one of FromImage and
// FromTemplate is set.
type Build struct {
	FromImage         string    `json:"fromImage,omitempty"`
	FromTemplate      string    `json:"fromTemplate,omitempty"`
	FromImageRegistry *Registry `json:"fromImageRegistry,omitempty"`
	Force             bool      `json:"force"`
	Steps             []Step    `json:"steps"`
	StartCmd          string    `json:"startCmd,omitempty"`
	ReadyCmd          string    `json:"readyCmd,omitempty"`
}

// Step is one instruction of a build: RUN, COPY, ENV, WORKDIR or USER.
type Step struct {
	Type      string   `json:"type"`
	Args      []string `json:"args"`
	FilesHash string   `json:"filesHash,omitempty"`
	Force     bool     `json:"force,omitempty"`
}

// Registry holds the credentials of a private registry; Type is "registry",
// "aws" or "gcp" and decides which of the other fields count.
type Registry struct {
	Type               string `json:"type"`
	Username           string `json:"username,omitempty"`
	Password           string `json:"password,omitempty"`
	AWSAccessKeyID     string `json:"awsAccessKeyId,omitempty"`
	AWSSecretAccessKey string `json:"awsSecretAccessKey,omitempty"`
	AWSRegion          string `json:"awsRegion,omitempty"`
	ServiceAccountJSON string `json:"serviceAccountJson,omitempty"`
}

// LogEntry is one line of a build's log. Step is "base", "1" to "N",
// "finalize" or "optimize".
type LogEntry struct {
	Timestamp time.Time `json:"timestamp"`
	Level     string    `json:"level"`
	Message   string    `json:"message"`
	Step      string    `json:"step,omitempty"`
}

// Reason says why a build failed and in which step.
type Reason struct {
	Message    string     `json:"message"`
	Step       string     `json:"step,omitempty"`
	LogEntries []LogEntry `json:"logEntries,omitempty"`
}

// BuildStatus is one page of a build's status.
type BuildStatus struct {
	TemplateID string     `json:"templateID"`
	BuildID    string     `json:"buildID"`
	Status     BuildState `json:"status"`
	Logs       []string   `json:"logs"`
	LogEntries []LogEntry `json:"logEntries"`
	Reason     *Reason    `json:"reason,omitempty"`
}

// Alias is what a name resolves to.
type Alias struct {
	TemplateID string `json:"templateID"`
	Public     bool   `json:"public"`
}

// Tag is the newest assignment of a tag to a build.
type Tag struct {
	Tag       string    `json:"tag"`
	BuildID   string    `json:"buildID"`
	CreatedAt time.Time `json:"createdAt"`
}

// TagRequest is the body of POST /templates/tags; Target is "name[:tag]",
// where the tag may be a build's UUID.
type TagRequest struct {
	Target string   `json:"target"`
	Tags   []string `json:"tags"`
}

// TagAssignment is the answer to a TagRequest.
type TagAssignment struct {
	BuildID string   `json:"buildID"`
	Tags    []string `json:"tags"`
}

// UntagRequest is the body of DELETE /templates/tags; Name has no tag.
type UntagRequest struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// Template is an entry of the list of templates.
type Template struct {
	TemplateID    string     `json:"templateID"`
	BuildID       string     `json:"buildID"`
	CPUCount      int        `json:"cpuCount"`
	MemoryMB      int        `json:"memoryMB"`
	DiskSizeMB    int        `json:"diskSizeMB"`
	Public        bool       `json:"public"`
	Aliases       []string   `json:"aliases"`
	Names         []string   `json:"names"`
	CreatedAt     time.Time  `json:"createdAt"`
	UpdatedAt     time.Time  `json:"updatedAt"`
	CreatedBy     *TeamUser  `json:"createdBy"`
	LastSpawnedAt *time.Time `json:"lastSpawnedAt"`
	SpawnCount    int64      `json:"spawnCount"`
	BuildCount    int32      `json:"buildCount"`
	EnvdVersion   string     `json:"envdVersion"`
	BuildStatus   BuildState `json:"buildStatus"`
}

// TeamUser is the person who made a template, where the API knows one.
type TeamUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// TemplateWithBuilds is one template and a page of its builds, newest first.
type TemplateWithBuilds struct {
	TemplateID    string          `json:"templateID"`
	Public        bool            `json:"public"`
	Aliases       []string        `json:"aliases"`
	Names         []string        `json:"names"`
	CreatedAt     time.Time       `json:"createdAt"`
	UpdatedAt     time.Time       `json:"updatedAt"`
	LastSpawnedAt *time.Time      `json:"lastSpawnedAt"`
	SpawnCount    int64           `json:"spawnCount"`
	Builds        []TemplateBuild `json:"builds"`
}

// TemplateBuild is one build of a template.
type TemplateBuild struct {
	BuildID     string     `json:"buildID"`
	Status      BuildState `json:"status"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	FinishedAt  *time.Time `json:"finishedAt,omitempty"`
	CPUCount    int        `json:"cpuCount"`
	MemoryMB    int        `json:"memoryMB"`
	DiskSizeMB  int        `json:"diskSizeMB,omitempty"`
	EnvdVersion string     `json:"envdVersion,omitempty"`
}

// NewSandbox is the body that creates a sandbox. TemplateID may be an alias,
// "alias:tag", "alias:buildUUID" or a template's id. Timeout is in seconds.
type NewSandbox struct {
	TemplateID string            `json:"templateID"`
	Timeout    int               `json:"timeout,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	EnvVars    map[string]string `json:"envVars,omitempty"`
}

// SandboxInfo is what creating a sandbox answers.
type SandboxInfo struct {
	TemplateID      string  `json:"templateID"`
	SandboxID       string  `json:"sandboxID"`
	ClientID        string  `json:"clientID"`
	EnvdVersion     string  `json:"envdVersion"`
	Alias           string  `json:"alias,omitempty"`
	EnvdAccessToken string  `json:"envdAccessToken,omitempty"`
	Domain          *string `json:"domain,omitempty"`
}

// SandboxDetail is a sandbox in a list, or asked for by its id.
type SandboxDetail struct {
	SandboxInfo
	StartedAt time.Time         `json:"startedAt"`
	EndAt     time.Time         `json:"endAt"`
	CPUCount  int               `json:"cpuCount"`
	MemoryMB  int               `json:"memoryMB"`
	State     string            `json:"state"`
	Metadata  map[string]string `json:"metadata"`
}

// The states of a sandbox.
const (
	SandboxRunning = "running"
	SandboxPaused  = "paused"
)

// sandboxLife is how long a sandbox shall live, in seconds.
type sandboxLife struct {
	Timeout int `json:"timeout"`
}
