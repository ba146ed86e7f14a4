# What the failed step asked for, from the places where builders repeat the
# command: a failure that names no package is about this one.

fact "requested" {
  match = <<-RE
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\b(?:apt-get|apt|dnf|yum|microdnf|zypper) (?:-\S+ )*install (?:-\S+ )*(?P<requested>[a-z0-9][\w.+-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\bapk add (?:-\S+ )*(?P<requested>[a-z0-9][\w.+-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\bapk --(?:\S+ --)*\S+ add (?:-\S+ )*(?P<requested>[a-z0-9][\w.+-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\bpacman -S\w* (?:-\S+ )*(?P<requested>[a-z0-9][\w.+-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\bpip3? install (?:-\S+ )*['"]?(?P<requested>[A-Za-z0-9][\w.-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\b(?:npm|pnpm|yarn|bun) (?:global )?(?:install|i|add) (?:-\S+ )*['"]?(?P<requested>(?:@[\w.-]+/)?[a-zA-Z][\w.-]*)
    ^(?:\++ |\[[^\]]+\] RUN |#\d+ \[[^\]]*\] RUN |Step \d+/\d+ : RUN |RUN ).*\b(?:cargo|gem|go) (?:install|get) (?:-\S+ )*(?P<requested>[a-zA-Z][\w./-]*)
  RE
}

# What a step's curl or wget fetches, and from where.
fact "fetched_file" {
  match = <<-RE
    \b(?:curl|wget) .*https?://[^/\s'"]+/(?:[^\s'"]*/)?(?P<fetched_file>[^/\s'"?#]+)
    ^--20\d\d-\d\d-\d\d .*https?://\S+/(?P<fetched_file>[^/\s?]+)(?:\?\S*)?$
  RE
}

fact "fetched_version" {
  match = "/releases/download/(?P<fetched_version>[^/\\s]+)/"
}

fact "fetched_host" {
  match = <<-RE
    \b(?:curl|wget) .*https?://(?P<fetched_host>[a-zA-Z0-9.-]+)
    ^--20\d\d-\d\d-\d\d .*https?://(?P<fetched_host>[a-zA-Z0-9.-]+)
    ^正在连接 (?P<fetched_host>[a-zA-Z0-9.-]+)
  RE
}

# The repository that git works on.
fact "cloned" {
  match = <<-RE
    \bgit (?:-\S+ )*(?:clone|fetch|submodule add|ls-remote) (?:-\S+(?: [\w.-]+)? )*(?:https?|ssh|git)://(?:[^@/\s]+@)?[^/\s]+/(?P<cloned>[^\s'"]+)
    \bgit (?:-\S+ )*clone (?:-\S+(?: [\w.-]+)? )*git@[^:\s]+:(?P<cloned>[^\s'"]+)
    (?:fatal|remote): .*'(?:https?|ssh|git)://(?:[^@/\s]+@)?[^/\s]+/(?P<cloned>[^'\s]+?)/?'
    error: .*https?://(?:[^@/\s]+@)?[^/\s]+/(?P<cloned>[^'\s]+?\.git)\b
  RE
}

# The Dockerfile line that BuildKit points at.
fact "base_reference" {
  match = <<-RE
    \d+ \| (?:>>> )?FROM (?:--\S+ )*(?P<base_reference>\S+)
    load metadata for (?:docker\.io/(?:library/)?)?(?P<base_reference>\S+?)(?::latest)?$
    failed to pull image '(?P<base_reference>[^']+)'
    access denied to '(?P<base_reference>[^']+)'
  RE
}

# Whether it is a registry that failed, not a step.
fact "pulling" {
  match = <<-RE
    (?P<pulling>failed to resolve source metadata|failed to pull image|/manifests/|toomanyrequests|pull access denied|access denied to '|initializing source docker|pinging container registry|error pulling image|writing blob|copying system image|exceeds the maximum filesystem size|reading manifest|failed to do request: (?:Head|Get))
  RE
}

sample "apt_as_user_e2b" {
  log       = <<-LOG
    [builder 3/3] RUN apt-get update && apt-get install -y ripgrep [5fb7457c3b]
    [builder 3/3] [stdout]: Reading package lists...
    [builder 3/3] [stderr]: E
    [builder 3/3] [stderr]: :
    [builder 3/3] [stderr]: List directory /var/lib/apt/lists/partial is missing. - Acquire (13: Permission denied)
    Build failed: failed to run command 'apt-get update && apt-get install -y ripgrep': exit status 100
  LOG
  exit_code = 1
  want      = { category = "permission", tool = "apt", subject = "ripgrep" }
}

sample "from_the_context" {
  log       = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 102 (python3)"
  exit_code = 100
  command   = "apt-get install -y curl"
  want      = { category = "lock_held", subject = "curl" }
}
