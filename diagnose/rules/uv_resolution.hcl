# uv says "No solution found" for conflicts, missing names, missing versions and
# Python ranges alike; the reason is in the "Because" lines after it.
rule "uv_missing_package" {
  category   = "missing_package"
  tool       = "uv"
  priority   = 47
  join       = 10
  match      = <<-RE
    No solution found when resolving.*?(?P<package>[A-Za-z0-9][\w.-]*) was not found in the (?:package registry|provided package locations|cache)
  RE
  subject    = package
  version    = uv_spec
  summary    = "uv finds no package called ${package}."
  summary_zh = "uv 找不到名为 ${package} 的软件包。"
  fix {
    when     = known("pip", package) != ""
    title    = "Write ${known("pip", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("pip", package)}。"
    edit {
      address = "${batch}.uv[\"${package}\"]"
      set     = known("pip", package)
    }
  }
}

fact "uv_spec" {
  match = <<-RE
    was not found in the package registry and \S+ depends on [A-Za-z0-9][\w.-]*?(?P<uv_spec>[<>=!~][^\s]*?),? we can
  RE
}

rule "uv_incompatible" {
  category   = "incompatible_runtime"
  tool       = "uv"
  priority   = 49
  join       = 10
  match      = <<-RE
    No solution found when resolving.*?(?:current|requested) Python version \([^)]*\) does not satisfy Python\S+ and (?:all versions of )?(?P<package>[A-Za-z0-9][\w.-]*)(?P<have>\S*) depends? on Python(?P<spec>[<>=!~]=?[^\s,]*)
    No solution found when resolving.*?(?P<package>[A-Za-z0-9][\w.-]*)==(?P<have>\S+) has no wheels with a matching (?:Python|platform|ABI|interpreter)
    No solution found when resolving.*?Because (?:only \S+ is available and )?(?P<package>[A-Za-z0-9][\w.-]*?)(?:==|<=|>=|<|>)(?P<have>\S+) has no \S.*?(?:compatible|matching).* wheels?
    No solution found when resolving.*?(?P<package>[A-Za-z0-9][\w.-]*?)(?:==|<=|>=|<|>)(?P<have>\S+) has no (?:wheels with|.*-compatible wheels)
    No solution found when resolving.*?Because (?P<package>[A-Za-z0-9][\w.-]*?)==(?P<have>\S+) requires Python (?P<spec>[<>=!~]=?[^\s,]+)
    No solution found when resolving.*?Because (?:all versions of )?(?P<package>[A-Za-z0-9][\w.-]*?)(?:==(?P<have>\S+))? ha(?:s|ve) no (?:usable wheels|source distribution)
  RE
  subject    = package
  version    = coalesce(length(split(",", spec)) > 1 ? have : spec, have)
  summary    = "${package} does not fit this Python or platform."
  summary_zh = "${package} 不适合当前的 Python 或平台。"
}

rule "uv_version_not_found" {
  category   = "version_not_found"
  tool       = "uv"
  priority   = 48
  join       = 10
  match      = <<-RE
    No solution found when resolving.*?Because there (?:is no version|are no versions) of (?P<package>[A-Za-z0-9][\w.-]*)(?P<spec>\S*)
    No solution found when resolving[^╰]*?Because only (?P<package>[A-Za-z0-9][\w.-]*)(?P<there>[<>=]=?\S+) is available and (?:you|your (?:project|workspace)|\S+) (?:requires?|depends? on) (?:one of: )?(?P<again>[A-Za-z0-9][\w.-]*)(?:\{[^}]*\})?(?P<spec>[<>=!~]\S*?)(?:,| |$)
    No solution found when resolving[^╰]*?Because only the following versions of (?P<package>[A-Za-z0-9][\w.-]*) are available
    No solution found when resolving.*?all versions of (?P<package>[A-Za-z0-9][\w.-]*) (?:were yanked|are pre-releases)
    No solution found when resolving.*?Because (?P<package>[A-Za-z0-9][\w.-]*?)(?P<spec>[<>=!~]=?\S+) was yanked
    No solution found when resolving.*?Because only (?P<package>[A-Za-z0-9][\w.-]*?)\{[^}]*\}(?P<there>[<>=]=?\S+) is available and
  RE
  when       = again == "" || again == package
  subject    = package
  version    = spec
  summary    = "${package} has no version ${spec}."
  summary_zh = "${package} 没有 ${spec} 这个版本。"
  detail     = there == "" ? "" : "There is ${there}."
  detail_zh  = there == "" ? "" : "现有 ${there}。"
  fix {
    when     = there != ""
    title    = "Use ${package}==${nearest(spec, there)}."
    title_zh = "改用 ${package}==${nearest(spec, there)}。"
    edit {
      address = "${template}.pins.uv[\"${package}\"]"
      set     = nearest(spec, trim(there, "<>="))
    }
  }
}

# uv was told to use no network.
rule "uv_offline" {
  category   = "network"
  tool       = "uv"
  priority   = 50
  confidence = "medium"
  retryable  = false
  join       = 10
  match      = <<-RE
    No solution found when resolving.*?Because (?:all versions of )?(?P<package>[A-Za-z0-9][\w.-]*?)(?:==\S+)? needs? to be downloaded from a registry
  RE
  subject    = package
  summary    = "${package} is not in uv's cache, and the network is off (--offline)."
  summary_zh = "uv 的缓存里没有 ${package}，而网络已禁用（--offline）。"
}

rule "uv_conflict" {
  category   = "dependency_conflict"
  tool       = "uv"
  priority   = 40
  join       = 10
  match      = <<-RE
    No solution found when resolving(?P<reasons>.*)
    Requirements contain conflicting (?:URLs|indexes) for package `(?P<package>[^`]+)`
    (?:Package|Extras?|Groups?) `(?P<package>[^`]+)` (?:\(enabled by default\) )?and (?:package|extra|group)?s? ?`[^`]+` .*are incompatible with the (?:declared )?conflicts
    Conflicting archive URL hashes for `(?P<package>[^`]+)`
  RE
  subject    = coalesce(package, clash(reasons), uv_first)
  version    = coalesce(clashing(reasons), uv_required)
  summary    = "The requirements exclude each other${coalesce(package, clash(reasons)) == "" ? "" : " over ${coalesce(package, clash(reasons))}"}."
  summary_zh = "各项要求${coalesce(package, clash(reasons)) == "" ? "" : "在 ${coalesce(package, clash(reasons))} 上"}互相冲突。"
}

fact "uv_first" {
  match = "Because .*?depends? on (?P<uv_first>[A-Za-z0-9][\\w.-]*)"
}

fact "uv_required" {
  match = <<-RE
    And because you require \S+?(?P<uv_required>[<>=!~]=\S+), we can
    Because your project depends on \S+?(?P<uv_required>[<>=!~]=\S+) and
  RE
}

rule "uv_git_ref" {
  category   = "version_not_found"
  priority   = 56
  match      = <<-RE
    (?i)failed to fetch branch or tag `(?P<ref>[^`]+)`
    (?i)couldn't find remote ref (?:refs/(?:tags|heads)/)?(?P<ref>\S+)
    (?i)could not find remote branch (?P<ref>\S+) to clone
    (?i)remote branch (?P<ref>\S+) not found in upstream
    (?i)pathspec '(?P<ref>[^']+)' did not match any file
    (?i)unable to checkout '(?P<ref>[^']+)'
    (?i)did not find branch or tag '(?P<ref>[^']+)'
    (?i)unknown revision (?P<ref>\S+)
    路径规格 '(?P<ref>[^']+)' 未匹配任何
    Pfadspezifikation '(?P<ref>[^']+)' stimmt mit keinen
    le spécificateur de chemin '(?P<ref>[^']+)' ne correspond
    远程分支 (?P<ref>\S+) 在上游
    (?i)reference is not a tree: (?P<ref>\S+)
    (?i)revision (?P<ref>\S+) not found
  RE
  except     = "(?i)no matching versions for query"
  subject    = coalesce(uv_missing, go_module, vcs_repo, git_repo)
  version    = ref
  tool       = go_module != "" ? "go" : uv_missing != "" ? "uv" : "git"
  summary    = "${coalesce(uv_missing, vcs_repo, git_repo, "The repository")} has no branch, tag or commit ${ref}."
  summary_zh = "${coalesce(uv_missing, vcs_repo, git_repo, "仓库")} 没有分支、标签或提交 ${ref}。"
}

fact "go_module" {
  match = "go: (?P<go_module>[\\w./~-]+)@\\S+: (?:invalid version|reading)"
}

fact "git_repo" {
  match = <<-RE
    git clone (?:--?\S+ )*(?:https?|ssh|git)://[^/\s]+/(?P<git_repo>\S+)
    git clone (?:--?\S+ )*git@[^:\s]+:(?P<git_repo>\S+)
  RE
}

sample "version" {
  log  = <<-LOG
      × No solution found when resolving dependencies:
      ╰─▶ Because there is no version of httpx==99.0 and you require httpx==99.0, we
          can conclude that your requirements are unsatisfiable.
  LOG
  want = { category = "version_not_found", tool = "uv", subject = "httpx", version = "==99.0" }
}

sample "missing" {
  log  = <<-LOG
      × No solution found when resolving dependencies:
      ╰─▶ Because reqeusts was not found in the package registry and you require
          reqeusts, we can conclude that your requirements are unsatisfiable.
  LOG
  want = { category = "missing_package", tool = "uv", subject = "reqeusts", fix = "requests" }
}

sample "conflict" {
  log  = <<-LOG
      × No solution found when resolving dependencies:
      ╰─▶ Because flask==3.0.0 depends on werkzeug>=3.0.0 and you require flask==3.0.0, we can conclude that you require werkzeug>=3.0.0.
          And because you require werkzeug==2.0.0, we can conclude that your requirements are unsatisfiable.
  LOG
  want = { category = "dependency_conflict", tool = "uv", subject = "werkzeug" }
}

sample "python" {
  log  = <<-LOG
      × No solution found when resolving dependencies:
      ╰─▶ Because the current Python version (3.8.18) does not satisfy Python>=3.10 and web==1.0 depends on Python>=3.10, we can conclude that web==1.0 cannot be used.
  LOG
  want = { category = "incompatible_runtime", tool = "uv", subject = "web", version = ">=3.10" }
}
