# What lines tell that other rules can use.

fact "tool" {
  match = <<-RE
    ^(?:ERROR: pip|Collecting \S|Looking in indexes:|Requirement already satisfied: )
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
