# What lines tell that other rules can use.

fact "tool" {
  match = <<-RE
    ^(?:ERROR: pip|Collecting \S|Looking in indexes:|Requirement already satisfied: )
    likely not a problem with pip\.$
    ^\[notice\] A new release of pip
    ^(?:ERROR: )?Could not (?:find a version that satisfies|install requirement|build wheels)
  RE
  value = "pip"
}

fact "tool" {
  match = <<-RE
    ^npm (?:error|ERR!|WARN|warn|notice) 
    ^added \d+ packages?,? 
  RE
  value = "npm"
}

fact "tool" {
  match = <<-RE
    ^Reading package lists\.\.\.
  RE
  value = "apt"
}

fact "tool" {
  match = "ERR_PNPM_[A-Z_]+"
  value = "pnpm"
}

fact "tool" {
  match = <<-RE
    ^yarn (?:install|add|global|run) v\d
    (?:^|➤ )YN00\d\d: 
  RE
  value = "yarn"
}

fact "tool" {
  match = "^bun (?:install|add|i|pm) v\\d"
  value = "bun"
}

fact "tool" {
  match = "^curl: \\(\\d+\\) "
  value = "curl"
}

fact "tool" {
  match = <<-RE
    ^--20\d\d-\d\d-\d\d [\d:]+--  
    ^wget: 
  RE
  value = "wget"
}

fact "tool" {
  match = <<-RE
    ^Cloning into 
    ^(?:fatal|remote): 
  RE
  value = "git"
}

fact "tool" {
  match = <<-RE
    ^Compiling \S+ v\d
    ^Updating \S+ index$
    ^error: could not compile `
  RE
  value = "cargo"
}

fact "tool" {
  match = <<-RE
    ^go: (?:downloading|finding|module|github)
  RE
  value = "go"
}

fact "tool" {
  match = <<-RE
    ^Building native extensions
    ^ERROR:  (?:Error installing|Could not find a valid gem|While executing gem)
  RE
  value = "gem"
}

fact "tool" {
  match = <<-RE
    ^\[(?:INFO|ERROR)\] (?:Scanning for projects|Failed to execute goal|BUILD FAILURE)
  RE
  value = "maven"
}

fact "tool" {
  match = <<-RE
    ^Solving environment: 
    ^Collecting package metadata 
  RE
  value = "conda"
}

fact "tool" {
  match = <<-RE
    failed to solve: 
    ^#\d+ \[internal\] load
    ^Step \d+/\d+ : FROM
  RE
  value = "docker"
}

# The package that pip works on.
fact "pip_package" {
  match = <<-RE
    ^Collecting (?P<pip_package>[A-Za-z0-9][\w.-]*)
    ^× (?:Building|Running|Preparing).* for (?P<pip_package>[A-Za-z0-9][\w.-]*)
    Building wheel for (?P<pip_package>[A-Za-z0-9][\w.-]*) 
  RE
}

fact "pip_version" {
  match = <<-RE
    ^Collecting [A-Za-z0-9][\w.-]*==(?P<pip_version>[\w.!+]+)
    ^(?:Downloading|Using cached) \S*/?[A-Za-z0-9][\w.]*-(?P<pip_version>\d[\w.!+]*)(?:-|\.tar|\.zip)
  RE
}

# Which system manager there is, where it is not apt.
fact "system" {
  match = <<-RE
    ^(?:fetch https?://\S+/APKINDEX|\(\d+/\d+\) (?:Installing|Upgrading) \S+ \()
    \bapk (?:add|update|upgrade) 
    FROM \S*alpine
    ld-musl-
  RE
  value = "apk"
}
