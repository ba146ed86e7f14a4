# A lock file that does not fit its manifest.
rule "lock_mismatch" {
  category   = "lock_mismatch"
  priority   = 71
  match      = <<-RE
    `npm ci` can only install packages when your package\.json and (?P<path>package-lock\.json)
    (?i)cipm can only install packages when
    (?i)changed significantly since (?P<path>poetry\.lock) was last generated
    (?i)(?P<path>poetry\.lock) is not up to date with pyproject\.toml
    (?i)(?P<path>Pipfile\.lock) \(\S+\) (?:is )?out of date
    (?i)your (?P<path>Pipfile\.lock) .*is out of date
    ^ERROR:+ Aborting deploy
    (?i)the lockfile at `(?P<path>uv\.lock)` needs to be updated
    ERR_PNPM_OUTDATED_LOCKFILE
    ERR_PNPM_FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE
    ERR_PNPM_LOCKFILE_(?:CONFIG_MISMATCH|BREAKING_CHANGE|MISSING_DEPENDENCY)
    (?i)your lockfile needs to be updated, but yarn was run with
    YN0028: 
    (?i)the lockfile would have been modified by this install
    (?i)lockfile had changes, but lockfile is frozen
    (?i)the lock file (?P<path>\S+) needs to be updated but --(?:locked|frozen)
    (?i)cannot update the lock file (?P<path>\S+) because --(?:locked|frozen)
    (?i)updates to go\.(?:mod|sum) needed
    (?i)missing go\.sum entry
    (?i)inconsistent vendoring
    lockfile can't be updated because frozen mode is set
    doesn't seem to be present in your lockfile
    (?i)uv\.lock` (?:is missing|was not found).*--locked
    (?i)the gemfile.*(?:lockfile|gemfile\.lock).*(?:frozen|out of sync|changed|can't be updated)
    (?i)you are trying to install in deployment mode after changing your Gemfile
    (?i)the dependencies in your gemfile changed, but the lockfile can't be updated
  RE
  subject    = path
  summary    = "The lock file ${path == "" ? "" : "${path} "}does not fit its manifest."
  summary_zh = "锁文件${path == "" ? "" : " ${path} "}与其清单不一致。"
}

# npm's help after a failed "npm ci" can be all that is left of it.
rule "lock_mismatch_npm_help" {
  category   = "lock_mismatch"
  tool       = "npm"
  priority   = 4
  confidence = "low"
  match      = "npm (?:error|ERR!) Run \"npm help ci\" for more info"
  summary    = "npm ci did not accept the lock file: it is missing or does not fit package.json."
  summary_zh = "npm ci 不接受锁文件：它缺失，或与 package.json 不一致。"
}

sample "npm" {
  log  = "npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync."
  want = { category = "lock_mismatch", tool = "npm" }
}

sample "uv" {
  log  = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided."
  want = { category = "lock_mismatch", subject = "uv.lock" }
}
