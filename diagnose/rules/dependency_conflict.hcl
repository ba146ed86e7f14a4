# Each exists, together they cannot be had.
rule "dependency_conflict" {
  category   = "dependency_conflict"
  priority   = 53
  match      = <<-RE
    installing (?P<package>\S+) \(\S+\) breaks dependency
    (?i)could not satisfy dependencies|conflicting dependencies$
    all possible versions conflict with previously selected packages
    Cannot install (?P<package>[A-Za-z][\w.-]*)(?:\S*)(?:, \S+)*(?: and (?P<second>[\w.-]+)\S*)? because these package versions have conflicting dependencies
    Cannot install .* because these package versions have conflicting dependencies
    \bResolutionImpossible\b
    The user requested \(constraint\) (?P<constraint>[A-Za-z0-9][\w.-]*)==?(?P<constraint_version>\S+)
    (?i)double requirement given: (?P<package>[A-Za-z0-9][\w.-]*)
    npm (?:error|ERR!) code ERESOLVE
    npm (?:error|ERR!) (?:ERESOLVE )?(?:peer|dev|peerOptional)? ?\S+@"[^"]*" from (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>\d\S*)
    npm (?:error|ERR!) (?:could not|unable to) resolve dependency
    \bEOVERRIDE\b
    Override for (?P<package>(?:@[\w.-]+/)?[^@\s]+)@\S+ conflicts with direct dependency
    npm (?:error|ERR!) code EPEERINVALID
    ERR_PNPM_PEER_DEP_ISSUES
    ERR_PNPM_(?:NO_MATCHING_)?PEER
    Couldn't find any versions for "(?P<package>[^"]+)" that matches "[^"]*" .*(?:resolutions|conflict)
    (?i)The following packages have unmet dependencies
    ^(?P<apt_package>[a-z0-9][\w.+-]*)(?::\w+)? : (?:Depends|PreDepends|Conflicts|Breaks|Hängt ab von|Kollidiert mit|Est en conflit avec|Dépend|依赖|冲突|破坏|Depende|Entra en conflicto|Rompe)[:：]
    (?i)unable to correct problems, you have held broken packages
    (?i)held broken packages
    (?i)dpkg: dependency problems prevent configuration of (?P<package>[^:\s]+)
    (?:无法修正错误|有未满足的依赖|unerfüllte Abhängigkeiten|dépendances non satisfaites|dependencias incumplidas|dipendenze non soddisfatte|dependências desencontradas)
    (?i)failed to select a version for `(?P<package>[^`]+)`
    (?i)links to the native library `[^`]+`, but it conflicts
    UnsatisfiableError
    LibMambaUnsatisfiableError|ResolvePackageNotFound.*conflict
    (?i)following specifications were found to be incompatible with each other
    (?i)found conflicts! looking for incompatible packages
    (?i)package (?P<package>[\w.-]+) conflicts for:
    (?i)package (?P<package>[\w.-]+)-\S+ (?:requires|conflicts).*none of the providers can be installed
    (?i)nothing provides requested .* conflict
    ^So, because .* depends on (?:both )?(?P<package>[\w.-]+) \((?P<version>[^)]+)\).*version solving failed
    (?i)is incompatible with .*version solving failed
    (?i)There are incompatible versions in the resolved dependencies
    (?i)Bundler could not find compatible versions for gem "(?P<package>[^"]+)"
    (?i)could not find compatible versions
    (?i)package (?P<package>\S+) from \S+ (?:conflicts|requires .*, but none)
    (?i)problem: .*(?:conflicting requests|cannot install both)
    (?i)(?P<package>[\w.-]+)-\S+: (?:conflicts|breaks): \S+
    ^breaks: (?P<package>\S+)
    ^conflicts: (?P<package>[\w.+-]+?)-\d\S*\[
    (?i)unresolvable package conflicts|are in conflict
    (?i)go: \S+ requires.*but \S+ is requested|ambiguous import: found package (?P<package>\S+)
    (?i)could not resolve dependencies for project .*conflict
    Unable to find a (?:compatible )?set of packages|DependencyResolutionError
  RE
  until      = "^Successfully installed \\S"
  except     = <<-RE
    dependency resolver does not currently take into account
    doesn't match any versions
    ^npm (?:WARN|warn)
    candidate versions found which didn't match
    ^W: 
  RE
  unless     = <<-RE
    (?i)incompatible with the existing python installation
    (?i)following specifications were found to be incompatible with your system
    candidate versions found which didn't match
    no matching package named
    but it is not installable
    Requires-Python
    requires a different Python
    requires rustc
  RE
  subject    = coalesce(constraint, conflict_over, package_conflict, pnpm_peer, package, apt_conflict, apt_package)
  version    = coalesce(constraint_version, conflict_version, conflict_over == "" ? version : "")
  summary    = "${coalesce(constraint, package_conflict, pnpm_peer, package, apt_conflict, apt_package, "The packages")}: the requirements exclude each other."
  summary_zh = "${coalesce(constraint, conflict_over, package_conflict, pnpm_peer, package, apt_conflict, apt_package, "这些软件包")}：各项要求互相冲突。"
  fix {
    when     = found_npm != ""
    title    = "Or install as npm 6 did: npm install --legacy-peer-deps (flags = [\"--legacy-peer-deps\"])."
    title_zh = "或者像 npm 6 那样安装：npm install --legacy-peer-deps（flags = [\"--legacy-peer-deps\"]）。"
  }
}

# dpkg -i does not fetch what a package needs.
rule "apt_not_installable" {
  category   = "dependency_conflict"
  tool       = "apt"
  priority   = 51
  match      = <<-RE
    ^(?P<package>[a-z0-9][\w.+-]*)(?::\w+)? : Depends: (?P<needs>[a-z0-9][\w.+-]*).* but it is not (?:installable|going to be installed)
    ^Depends: (?P<needs>\S+) .*but it is not (?:installable|going to be installed)
  RE
  subject    = package
  summary    = "${package} needs ${needs}, which cannot be had here."
  summary_zh = "${package} 需要 ${needs}，而这里没有。"
}

# The first line that says no more than which packages exclude each other names
# one that was asked for; one with "but" is about what comes along.
fact "apt_conflict" {
  match = "^(?P<apt_conflict>[a-z0-9][\\w.+-]*)(?::\\w+)? : (?:Conflicts|Breaks|Kollidiert mit|Est en conflit avec|En conflicto con|冲突)[:：] [^ ]+$"
  first = true
}

# What pip's requirements disagree about.
fact "conflict_over" {
  match = <<-RE
    ^(?:[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])? \d\S* depends on|The user requested(?: \(constraint\))?) (?P<conflict_over>[A-Za-z0-9][\w.-]*)
  RE
  first = true
}

fact "conflict_version" {
  match = "^The user requested (?:\\(constraint\\) )?[A-Za-z0-9][\\w.-]*[=<>!~]=?(?P<conflict_version>\\d\\S*)"
}

fact "package_conflict" {
  match = "npm (?:error|ERR!) (?:peer|peerOptional) \\S+@\"[^\"]*\" from (?P<package_conflict>(?:@[\\w.-]+/)?[^@\\s]+)@"
}

fact "pnpm_peer" {
  match = <<-RE
    ^(?:│ +)*[└├]─┬ (?P<pnpm_peer>(?:@[\w.-]+/)?[\w.-]+) \d
  RE
  first = true
}

sample "pip" {
  log  = <<-LOG
    ERROR: Cannot install requests==2.28.2 and requests==2.31.0 because these package versions have conflicting dependencies.
    The conflict is caused by:
        The user requested requests==2.28.2
        The user requested requests==2.31.0
    ERROR: ResolutionImpossible: for help visit the manual
  LOG
  want = { category = "dependency_conflict", subject = "requests" }
}

sample "pip_warning" {
  log  = <<-LOG
    ERROR: pip's dependency resolver does not currently take into account all the packages that are installed. This behaviour is the source of the following dependency conflicts.
    flask 2.2.5 requires Werkzeug>=2.2.2, but you have werkzeug 2.0.3 which is incompatible.
    Successfully installed werkzeug-2.0.3
    python: can't open file '/app/manage.py': [Errno 2] No such file or directory
  LOG
  want = { category = "missing_file" }
}

sample "npm" {
  log  = <<-LOG
    npm error code ERESOLVE
    npm error ERESOLVE unable to resolve dependency tree
    npm error Found: react@18.3.1
    npm error Could not resolve dependency:
    npm error peer react@"^16.9.0 || ^17.0.0" from react-old@8.0.1
  LOG
  want = { category = "dependency_conflict", tool = "npm", subject = "react-old", fix = "legacy-peer-deps" }
}
