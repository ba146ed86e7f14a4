# Which server a tool talks to.
fact "net_host" {
  match = <<-RE
    host='(?P<net_host>[a-zA-Z0-9.-]+)'
    (?:GET|HEAD|Get|Head) ["']?https?://(?P<net_host>[a-zA-Z0-9.-]+)
    (?i)(?:request to|unable to access|transfer failed for|failed to fetch:?|for url:?|downloading from|downloaded from|failed to download from|connecting to|download data from|from/to [\w.-]+) [(<'"`]?https?://(?P<net_host>[a-zA-Z0-9.-]+)
    ^--20\d\d-\d\d-\d\d .*https?://(?P<net_host>[a-zA-Z0-9.-]+)
    (?i)authentication failed for '?https?://(?P<net_host>[a-zA-Z0-9.-]+)
  RE
}

fact "git_host" {
  match = <<-RE
    repository '(?:https?|ssh)://(?:[^@/']+@)?(?P<git_host>[a-zA-Z0-9.-]+)/
    Submodule '[^']+' \((?:https?|ssh)://(?:[^@/']+@)?(?P<git_host>[a-zA-Z0-9.-]+)/
    clone of '(?:https?|ssh)://(?:[^@/']+@)?(?P<git_host>[a-zA-Z0-9.-]+)/
    fatal: unable to access '(?:https?|ssh)://(?:[^@/']+@)?(?P<git_host>[a-zA-Z0-9.-]+)[/:]
  RE
}

fact "apk_host" {
  match = <<-RE
    ^fetch https?://(?P<apk_host>[a-zA-Z0-9.-]+)/
    \[https?://(?P<apk_host>[a-zA-Z0-9.-]+)/alpine/
    ^(?:WARNING|ERROR): (?:fetching|opening|updating and opening) https?://(?P<apk_host>[a-zA-Z0-9.-]+)/
  RE
}

fact "apt_host" {
  match = <<-RE
    ^Err:[1-9]\d* https?://(?P<apt_host>[a-zA-Z0-9.-]+)
    (?:Failed to fetch|repository) '?https?://(?P<apt_host>[a-zA-Z0-9.-]+)
  RE
}

fact "pip_package" {
  match = <<-RE
    ^Collecting (?P<pip_package>[A-Za-z0-9][\w.-]*)
  RE
}

# What could not be built, in the words of the tools.
fact "failed_package" {
  match = <<-RE
    ^(?:ERROR: )?Failed (?:building wheel for|to build) '?(?P<failed_package>[A-Za-z0-9][\w.-]*)'?(?: |$|')
    Failed to (?:download and )?build `(?P<failed_package>[A-Za-z0-9][\w.-]*)
    × (?:Building wheel|Preparing metadata|Running setup\.py install) for (?P<failed_package>[A-Za-z0-9][\w.-]*)
    Could not build wheels for (?P<failed_package>[A-Za-z0-9][\w.-]*)
    (?:npm (?:error|ERR!)|gyp ERR!) (?:path|cwd|gyp ERR! cwd) \S*node_modules/(?P<failed_package>(?:@[\w.-]+/)?[\w.-]+)$
    (?:^|/)node_modules/(?P<failed_package>(?:@[\w.-]+/)?[\w.-]+) (?:preinstall|install|postinstall)(?:\$|:) ?
    npm (?:error|ERR!) (?P<failed_package>(?:@[\w.-]+/)?[\w.-]+)@\S+ (?:preinstall|install|postinstall): 
    Failed at the (?P<failed_package>(?:@[\w.-]+/)?[\w.-]+)@\S+ (?:preinstall|install|postinstall) script
    ^error \S*/node_modules/(?P<failed_package>(?:@[\w.-]+/)?[\w.-]+): Command failed
    error: (?:preinstall|install|postinstall) script from "(?P<failed_package>[^"]+)" exited
    Failed to (?:download and build|download|build|read|install:) `(?P<failed_package>[A-Za-z0-9][\w.-]*)
    YN0009: \S* ?(?P<failed_package>(?:@[\w.-]+/)?[\w.-]+)@
    ERR_PNPM\S+ +(?P<failed_package>(?:@[\w.-]+/)?[\w.-]+)@\S+ (?:install|postinstall)
    Error installing (?P<failed_package>[\w.-]+):
    An error occurred while installing (?P<failed_package>[\w.-]+) 
    failed to run custom build command for `(?P<failed_package>[\w.-]+) 
    could not compile `(?P<failed_package>[\w.-]+)`
    ^(?P<failed_package>(?:openssl|libz|libgit2|libssh2|curl|libsqlite3|pq|zstd|clang|freetype|alsa|libudev|glib|gtk|mysqlclient|librdkafka|lzma|bzip2)-sys) = \d
  RE
}

fact "failed_version" {
  match = <<-RE
    Failed to (?:download and build|download|build|read) `[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?==(?P<failed_version>[\w.!+]+)`
    failed to run custom build command for `[\w.-]+ v(?P<failed_version>[\w.+-]+)
    ^[\w.-]+-sys = (?P<failed_version>\d[\w.+-]*)$
    /gems/[a-z][\w.-]*-(?P<failed_version>\d[\w.]*)/ext/
  RE
}

# The exit code of the command inside a builder.
fact "inner_exit" {
  match = <<-RE
    (?P<inner_exit>exit (?:status|code):? \d+)$
    (?P<inner_exit>returned a non-zero code: \d+)$
    (?P<inner_exit>signal: killed)$
  RE
}
