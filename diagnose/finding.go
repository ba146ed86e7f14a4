// Package diagnose reads the log of a failed build and says what went wrong:
// log lines in, a Finding with fixes out.
//
// It is pure: no files, no network, no HCL. Where a fix is an edit it names an
// address; the caller knows how to find that address in the user's files.
package diagnose

// Category is the kind of a root cause; the set is a contract.
type Category string

// The categories. Unknown is an honest answer.
const (
	Timeout             Category = "timeout"
	MissingPackage      Category = "missing_package"
	VersionNotFound     Category = "version_not_found"
	DependencyConflict  Category = "dependency_conflict"
	IncompatibleRuntime Category = "incompatible_runtime"
	CompileFailure      Category = "compile_failure"
	Permission          Category = "permission"
	ExternallyManaged   Category = "externally_managed"
	Network             Category = "network"
	TLS                 Category = "tls"
	Auth                Category = "auth"
	RateLimited         Category = "rate_limited"
	Integrity           Category = "integrity"
	DiskFull            Category = "disk_full"
	OutOfMemory         Category = "out_of_memory"
	CommandNotFound     Category = "command_not_found"
	MissingFile         Category = "missing_file"
	Syntax              Category = "syntax"
	BaseImage           Category = "base_image"
	LockHeld            Category = "lock_held"
	ServiceUnavailable  Category = "service_unavailable"
	ReadyTimeout        Category = "ready_timeout"
	LockMismatch        Category = "lock_mismatch"
	Unknown             Category = "unknown"
)

// categories holds every category of a rule.
var categories = []Category{
	Timeout, MissingPackage, VersionNotFound, DependencyConflict, IncompatibleRuntime, CompileFailure, Permission,
	ExternallyManaged, Network, TLS, Auth, RateLimited, Integrity, DiskFull, OutOfMemory, CommandNotFound, MissingFile,
	Syntax, BaseImage, LockHeld, ServiceUnavailable, ReadyTimeout, LockMismatch, Unknown,
}

// Finding is the root cause of a failure. Its JSON form is a contract.
type Finding struct {
	Category   Category   `json:"category"`
	Tool       string     `json:"tool"`
	Subject    string     `json:"subject"`
	Version    string     `json:"version"`
	Retryable  bool       `json:"retryable"`
	Confidence string     `json:"confidence"` // high, medium or low
	Summary    string     `json:"summary"`
	Detail     string     `json:"detail"`
	Evidence   []Evidence `json:"evidence"`
	Fixes      []Fix      `json:"fixes"`
}

// Evidence is a line of the log that the finding rests on; lines count from 1.
type Evidence struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Fix is one way to cure the failure. Safe says that its edits may be applied
// without asking.
type Fix struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Safe   bool   `json:"safe"`
	Edits  []Edit `json:"edits"`
}

// Edit sets the argument at an address of the configuration to a value, or with
// null takes away what is there. An address is a path of names from the template
// on: template.x.batch.small.timeout; an item of a list goes by its package's
// name, as template.x.batch.small.pip["flask"], and [+] adds one.
type Edit struct {
	Address string `json:"address"`
	Set     any    `json:"set"`
}

// Context is what is known of a failure beside its log. Zero values mean "not
// known"; nothing in it is needed.
type Context struct {
	ExitCode int     // of the failed command; -1 and 0 mean not known
	User     string  // the user that the failed command ran as
	Reason   string  // the API's own reason text
	Phase    string  // "base", "step", "start" or "upload"
	TimeoutS float64 // the batch's timeout, in seconds
	SecondsS float64 // how long the failed step took, in seconds
	Command  string  // the failed step's text
	Batch    string  // address of the failing batch, such as template.x.batch.small; "" without one
	Template string  // address of the template; not needed where there is a batch
	Image    string  // the base image
	MemoryMB int     // what the build may use
	Versions string  // that there are of the subject, where its package manager was asked; between blanks
	Language string  // of the finding's texts: "en" (or "") or "zh"
}
