# No package of that name: the tools beside pip, uv, npm and apt.
rule "apk_missing_package" {
  category   = "missing_package"
  tool       = "apk"
  priority   = 45
  match      = <<-RE
    ^(?P<package>[\w.+-]+) \(missing\):
    ^(?P<package>[\w.+-]+)(?:[<>=~]\S+)? \(no such package\)
    ^ERROR: unsatisfiable constraints
    (?i)ERROR: '(?P<package>[^']+)': (?:unable to select|no such package)
  RE
  subject    = package
  summary    = "apk finds no package called ${package}."
  summary_zh = "apk 找不到名为 ${package} 的软件包。"
  fix {
    when     = known("apk", package) != ""
    title    = "Write ${known("apk", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("apk", package)}。"
    edit {
      address = "${batch}.apk[\"${package}\"]"
      set     = known("apk", package)
    }
  }
}

rule "dnf_missing_package" {
  category   = "missing_package"
  tool       = "dnf"
  priority   = 45
  match      = <<-RE
    ^No match for argument: (?P<package>\S+)
    (?i)Unable to find a match: (?P<package>\S+)
    (?i)No package (?P<package>\S+) available
    (?i)error: target not found: (?P<package>\S+)
    (?i)(?:package|provider of) '(?P<package>[^']+)' not found
    There are no enabled repositories
    (?i)Failed to resolve the transaction:.*No match for argument: (?P<package>\S+)
  RE
  subject    = package
  summary    = "The package manager finds no package called ${package}."
  summary_zh = "软件包管理器找不到名为 ${package} 的软件包。"
}

rule "conda_missing_package" {
  category   = "missing_package"
  tool       = "conda"
  priority   = 45
  match      = <<-RE
    HTTP 404 NOT FOUND for channel (?P<package>\S+)
    (?i)UnavailableInvalidChannel
    nothing provides requested (?P<package>[A-Za-z0-9][\w.-]*)
    (?P<package>[A-Za-z0-9][\w.-]*) +does not exist \(perhaps a typo
  RE
  subject    = package
  summary    = "conda finds no ${package}: neither package nor channel."
  summary_zh = "conda 找不到 ${package}：既没有这个软件包，也没有这个频道。"
}

# With a version in the request it is most often the version that is missing.
rule "conda_not_found" {
  category   = "missing_package"
  tool       = "conda"
  priority   = 44
  join       = 3
  match      = <<-RE
    (?:PackagesNotFoundError|ResolvePackageNotFound): (?:.*channels:)? *- (?:[\w.-]+::)?(?P<package>[A-Za-z0-9][\w.-]*)(?: |$)
  RE
  subject    = package
  summary    = "conda finds no package called ${package}."
  summary_zh = "conda 找不到名为 ${package} 的软件包。"
}

rule "conda_version_not_found" {
  category   = "version_not_found"
  tool       = "conda"
  priority   = 48
  join       = 3
  match      = <<-RE
    (?:PackagesNotFoundError|ResolvePackageNotFound): (?:.*channels:)? *- (?:[\w.-]+::)?(?P<package>[A-Za-z0-9][\w.-]*)[=<>!~ ]=*(?P<version>[\d*][\w.*]*)
    nothing provides requested (?P<package>[A-Za-z0-9][\w.-]*) (?P<version>[\d=<>*]\S*)
    (?P<package>[A-Za-z0-9][\w.-]*) (?P<version>[\d=<>*]\S*) does not exist \(perhaps a typo
  RE
  subject    = package
  version    = version
  summary    = "conda finds no ${package} ${version}."
  summary_zh = "conda 找不到 ${package} ${version}。"
}

rule "pnpm_missing_package" {
  category   = "missing_package"
  tool       = "pnpm"
  priority   = 45
  match      = <<-RE
    ERR_PNPM_FETCH_404 +GET https?://[^/\s]+/(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+)
    (?P<package>(?:@[\w.-]+/)?[\w.-]+) is not in the npm registry, or you have no permission
  RE
  subject    = replace(replace(package, "%2f", "/"), "%2F", "/")
  summary    = "pnpm finds no package called ${package}."
  summary_zh = "pnpm 找不到名为 ${package} 的软件包。"
  fix {
    when     = known("npm", package) != ""
    title    = "Write ${known("npm", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("npm", package)}。"
    edit {
      address = "${batch}.pnpm[\"${package}\"]"
      set     = known("npm", package)
    }
  }
}

rule "yarn_missing_package" {
  category   = "missing_package"
  tool       = "yarn"
  priority   = 45
  match      = <<-RE
    ^error (?:An unexpected error occurred: ")?(?:Error: )?https?://[^/\s]+/(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+): (?i:not found)
    Couldn't find package "(?P<package>(?:@[\w.-]+/)?[^"@\s]+)(?:@[^"]*)?"
    YN0035: .*?(?P<package>(?:@[\w.-]+/)?[\w.-]+)@npm:\S+: Package not found
    YN0035: .*Package not found
  RE
  subject    = replace(replace(coalesce(package, yarn_unknown), "%2f", "/"), "%2F", "/")
  summary    = "yarn finds no package called ${package}."
  summary_zh = "yarn 找不到名为 ${coalesce(package, yarn_unknown)} 的软件包。"
  fix {
    when     = known("npm", package) != ""
    title    = "Write ${known("npm", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("npm", package)}。"
    edit {
      address = "${batch}.yarn[\"${package}\"]"
      set     = known("npm", package)
    }
  }
}

fact "yarn_unknown" {
  match = "YN0027: \\W*(?P<yarn_unknown>(?:@[\\w.-]+/)?[\\w.-]+)@\\S+ can't be resolved"
}

rule "bun_missing_package" {
  category   = "missing_package"
  tool       = "bun"
  priority   = 45
  match      = <<-RE
    error: GET https?://[^/\s]+/(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+) - 404
    error: package "(?P<package>[^"]+)" not found
  RE
  subject    = replace(replace(package, "%2f", "/"), "%2F", "/")
  summary    = "bun finds no package called ${package}."
  summary_zh = "bun 找不到名为 ${package} 的软件包。"
}

rule "go_missing_package" {
  category   = "missing_package"
  tool       = "go"
  priority   = 52
  match      = <<-RE
    go: (?:module )?(?P<package>[\w./~-]+?)(?:@\S+)?: (?:module \S+: )?git ls-remote .*exit status 128
    ^(?:go: )?(?P<package>[\w./~-]+)@\S+: module lookup disabled
    module (?P<package>[\w./~-]+): reading \S+: (?:40[34]|410) 
    go: (?P<package>[\w./~-]+)@\S+: .*This module version is not available
    (?:no required module provides|cannot find module providing) package (?P<package>[\w./~-]+)
    cannot find package "(?P<package>[^"]+)"
    package (?P<package>[\w./~-]+) is not in (?:GOROOT|std)
    go: (?:module )?(?P<package>[\w./~-]+?)(?:@\S+)?: module .*: not found
    (?:remote: )?repository '?https?://(?P<package>[^'\s]+?)/?'? not found
    go: (?P<package>[\w./~-]+)@\S+: unrecognized import path
    unrecognized import path "(?P<package>[^"]+)"
  RE
  unless     = <<-RE
    (?i)no space left on device
    (?i)cmake: not found
    (?i)invalid version: unknown revision
    (?i)no matching versions for query
  RE
  except     = "(?i)unknown revision"
  subject    = package
  summary    = "There is no module or repository ${package}."
  summary_zh = "没有 ${package} 这个模块或仓库。"
}

rule "go_version_not_found" {
  category   = "version_not_found"
  tool       = "go"
  priority   = 54
  match      = <<-RE
    (?P<package>[\w./~-]+)@(?P<version>v?[\w.+-]+): (?:invalid version: )?unknown revision
    (?P<package>[\w./~-]+)@(?P<version>v?[\w.+-]+): reading \S+\.(?:info|mod|zip): 40[34]
    (?P<package>[\w./~-]+): no matching versions for query "(?P<version>[^"]+)"
    (?P<package>[\w./~-]+)@(?P<version>v?[\w.+-]+): invalid version: (?:should be|module contains|go\.mod)
    module (?P<package>[\w./~-]+)@\S+ found(?: \(\S+\))?, but does not contain package
    (?P<package>[\w./~-]+)@(?P<version>[\w.+-]+): no matching versions
  RE
  subject    = package
  version    = version
  summary    = "${package} has no version ${version}."
  summary_zh = "${package} 没有 ${version} 这个版本。"
}

rule "cargo_missing_package" {
  category   = "missing_package"
  tool       = "cargo"
  priority   = 52
  match      = <<-RE
    no matching package named `(?P<package>[^`]+)` found
    could not find `(?P<package>[^`]+)` in registry
    no matching package found
    ^searched package name: `(?P<package>[^`]+)`
  RE
  subject    = package
  summary    = "cargo finds no crate called ${package}."
  summary_zh = "cargo 找不到名为 ${package} 的 crate。"
}

rule "cargo_version_not_found" {
  category   = "version_not_found"
  tool       = "cargo"
  priority   = 54
  match      = <<-RE
    failed to select a version for the requirement `(?P<package>[\w-]+) = "(?P<version>[^"]+)"`
    could not find `(?P<package>[^`]+)` in registry `[^`]+` with version `(?P<version>[^`]+)`
    ^candidate versions found which didn't match: (?P<there>.*)
    no matching versions? (?:of|for) `?(?P<package>[\w-]+)
  RE
  when       = version != "*"
  subject    = package
  version    = version
  summary    = "${package} has no version ${version}."
  summary_zh = "${package} 没有 ${version} 这个版本。"
  detail     = there == "" ? "" : "There are: ${there}."
  detail_zh  = there == "" ? "" : "现有：${there}。"
  fix {
    when     = there != ""
    title    = "Use ${package} ${nearest(version, there)}."
    title_zh = "改用 ${package} ${nearest(version, there)}。"
    edit {
      address = "${template}.pins.cargo[\"${package}\"]"
      set     = nearest(version, there)
    }
  }
}

rule "gem_missing_package" {
  category   = "missing_package"
  tool       = "gem"
  priority   = 45
  match      = <<-RE
    Could not find a valid gem '(?P<package>[^']+)' \(>= 0\)
    Could not find gem '(?P<package>[^' ]+)' in (?:rubygems|any|locally)
    Could not find gem '(?P<package>[^' ]+)'
  RE
  except     = "here is why:$"
  subject    = package
  summary    = "gem finds no gem called ${package}."
  summary_zh = "gem 找不到名为 ${package} 的软件包。"
}

rule "gem_version_not_found" {
  category   = "version_not_found"
  tool       = "gem"
  priority   = 47
  match      = <<-RE
    Could not find a valid gem '(?P<package>[^']+)' \((?:= )?(?P<version>[^)>]*[1-9][^)]*)\) in any repository
    Could not find gem '(?P<package>[^' ]+) \((?:= )?(?P<version>[^)]+)\)'
  RE
  except     = "here is why:$"
  subject    = package
  version    = version
  summary    = "${package} has no version ${version}."
  summary_zh = "${package} 没有 ${version} 这个版本。"
}

rule "maven_missing_package" {
  category   = "missing_package"
  tool       = "maven"
  priority   = 45
  confidence = "medium"
  match      = <<-RE
    Could not find artifact (?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?:[\w-]+:)*(?P<version>[\w.-]+) in 
    Could not find (?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?P<version>[\w.-]+)\.$
  RE
  except     = "Could not transfer artifact"
  subject    = "${group}:${artifact}"
  version    = version
  summary    = "No repository has ${group}:${artifact}:${version}."
  summary_zh = "没有仓库提供 ${group}:${artifact}:${version}。"
}

rule "maven_transfer_not_found" {
  category   = "missing_package"
  tool       = "maven"
  priority   = 44
  match      = <<-RE
    (?:Plugin|artifact|dependency) (?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?:[\w-]+:)*(?P<version>\d[\w.-]*) .*(?:was not found in|not found)
  RE
  subject    = "${group}:${artifact}"
  version    = version
  summary    = "No repository has ${group}:${artifact}:${version}."
  summary_zh = "没有仓库提供 ${group}:${artifact}:${version}。"
}

rule "poetry_missing_package" {
  category   = "missing_package"
  tool       = "poetry"
  priority   = 47
  match      = <<-RE
    (?i)could not find a matching version of package (?P<package>[A-Za-z0-9][\w.-]*)
    (?i)package (?P<package>[A-Za-z0-9][\w.-]*) \([^)]*\) not found
    (?i)unable to find (?:any )?installation candidates for (?P<package>[A-Za-z0-9][\w.-]*)
    depends on (?P<package>[A-Za-z0-9][\w.-]*) \(\*\) which doesn't match any versions
  RE
  subject    = package
  summary    = "poetry finds no package called ${package}."
  summary_zh = "poetry 找不到名为 ${package} 的软件包。"
}

# pipenv wraps its lines, and repeats what the user asked for.
rule "pipenv_missing_package" {
  category   = "missing_package"
  tool       = "pipenv"
  priority   = 44
  confidence = "medium"
  match      = <<-RE
    ResolutionFailure: .*No matching distribution
  RE
  when       = conflict_version == ""
  subject    = coalesce(conflict_over, pipenv_wanted)
  summary    = "pipenv finds no package called ${coalesce(conflict_over, pipenv_wanted)}."
  summary_zh = "pipenv 找不到名为 ${coalesce(conflict_over, pipenv_wanted)} 的软件包。"
}

rule "pipenv_version_not_found" {
  category   = "version_not_found"
  tool       = "pipenv"
  priority   = 45
  confidence = "medium"
  match      = <<-RE
    ResolutionFailure: .*No matching distribution
  RE
  when       = conflict_version != ""
  subject    = coalesce(conflict_over, pipenv_wanted)
  version    = conflict_version
  summary    = "${coalesce(conflict_over, pipenv_wanted)} has no version ${conflict_version}."
  summary_zh = "${coalesce(conflict_over, pipenv_wanted)} 没有 ${conflict_version} 这个版本。"
}

fact "pipenv_wanted" {
  match = "^found for (?P<pipenv_wanted>[A-Za-z0-9][\\w.-]*)"
}

rule "poetry_version_not_found" {
  category   = "version_not_found"
  tool       = "poetry"
  priority   = 48
  match      = <<-RE
    depends on (?P<package>[A-Za-z0-9][\w.-]*) \((?P<version>[^)]+)\) which doesn't match any versions
    Because no versions of (?P<package>[A-Za-z0-9][\w.-]*) match (?P<version>[^,\s]+)
    (?i)no matching version of (?P<package>[A-Za-z0-9][\w.-]*) 
  RE
  when       = version != "*"
  subject    = package
  version    = version
  summary    = "${package} has no version that fits ${version}."
  summary_zh = "${package} 没有符合 ${version} 的版本。"
}

rule "js_version_not_found" {
  category   = "version_not_found"
  tool       = coalesce(tool, "npm")
  priority   = 48
  match      = <<-RE
    ERR_PNPM_NO_MATCHING_VERSION +No matching version found for (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>\S+?)(?: |$|\.$)
    ERR_PNPM_NO_VERSIONS
    No version matching "(?P<version>[^"]+)" found for specifier "(?P<package>[^"]+)"
    YN0082: .*?(?P<package>(?:@[\w.-]+/)?[\w.-]+)@npm:(?P<version>[^:\s]+): No candidates found
    YN0016: .*?(?P<package>(?:@[\w.-]+/)?[\w.-]+)@npm:(?P<version>[^:\s]+): 
    Couldn't find any versions for "(?P<package>[^"]+)" that matches "(?P<version>[^"]+)"
    YN0016: .*(?:Registry failed to return tag|Package not found.*tag) "(?P<version>[^"]+)"
    YN0027: \W*(?P<package>(?:@[\w.-]+/)?[\w.-]+)@(?P<version>(?:[a-tv-z\d^~<>=*]|u[^n])[^\s]*) can't be resolved to a satisfying range
    Package "(?P<package>[^"]+)" with tag "(?P<version>[^"]+)" not found
    (?i)the latest release of \S+ is "(?P<latest>[^"]+)"
    (?i)possible versions: (?P<there>.*)
  RE
  except     = "Will retry"
  subject    = package
  version    = version
  summary    = "${package} has no version ${version}."
  summary_zh = "${package} 没有 ${version} 这个版本。"
  detail     = coalesce(latest, there) == "" ? "" : "There is ${coalesce(latest, there)}."
  detail_zh  = coalesce(latest, there) == "" ? "" : "现有 ${coalesce(latest, there)}。"
  fix {
    when     = coalesce(latest, there) != ""
    title    = "Use ${package}@${coalesce(latest, nearest(version, there))}."
    title_zh = "改用 ${package}@${coalesce(latest, nearest(version, there))}。"
    edit {
      address = "${template}.pins.${coalesce(tool, "npm")}[\"${package}\"]"
      set     = coalesce(latest, nearest(version, there))
    }
  }
}

rule "apk_version_not_found" {
  category   = "version_not_found"
  tool       = "apk"
  priority   = 54
  match      = <<-RE
    breaks: world\[(?P<package>[\w.+-]+?)(?P<version>[=<>~]\S+?)\]
  RE
  subject    = package
  version    = version
  summary    = "${package} has no version ${version} here."
  summary_zh = "这里的 ${package} 没有 ${version} 这个版本。"
}

sample "apk" {
  log  = <<-LOG
    ERROR: unable to select packages:
      ripgrepp (no such package):
        required by: world[ripgrepp]
  LOG
  want = { category = "missing_package", tool = "apk", subject = "ripgrepp" }
}

sample "dnf" {
  log  = "No match for argument: git-lfss\nError: Unable to find a match: git-lfss"
  want = { category = "missing_package", tool = "dnf", subject = "git-lfss" }
}

sample "pnpm" {
  log   = " ERR_PNPM_FETCH_404  GET https://registry.example/lodahs: Not Found - 404"
  batch = "template.x.batch.web"
  want  = { category = "missing_package", tool = "pnpm", subject = "lodahs", edit = "template.x.batch.web.pnpm[\"lodahs\"]=lodash" }
}

sample "go" {
  log  = "go: github.com/acme/clii@latest: module github.com/acme/clii: reading https://goproxy.example/github.com/acme/clii/@v/list: 404 Not Found"
  want = { category = "missing_package", tool = "go", subject = "github.com/acme/clii" }
}

sample "cargo_version" {
  log  = <<-LOG
    error: failed to select a version for the requirement `serde = "^9"`
    candidate versions found which didn't match: 1.0.219, 1.0.218, ...
  LOG
  want = { category = "version_not_found", tool = "cargo", subject = "serde", version = "^9", fix = "serde 1.0.219" }
}

sample "gem" {
  log  = "ERROR:  Could not find a valid gem 'rakke' (>= 0) in any repository"
  want = { category = "missing_package", tool = "gem", subject = "rakke" }
}

sample "conda" {
  log  = <<-LOG
    PackagesNotFoundError: The following packages are not available from current channels:

      - python=3.99
  LOG
  want = { category = "version_not_found", tool = "conda", subject = "python", version = "3.99" }
}

sample "yarn" {
  log  = "➤ YN0082: │ uuid@npm:^55: No candidates found"
  want = { category = "version_not_found", tool = "yarn", subject = "uuid", version = "^55" }
}
