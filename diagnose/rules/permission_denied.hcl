# A file or socket that the user may not touch.
rule "permission_denied" {
  category   = "permission"
  priority   = 50
  match      = <<-RE
    (?i)unless you are root
    (?i)need to be root|requires root|root (?:privileges|access) (?:are|is)? ?required|must be run as root|run as root
    (?i)insufficient (?:permissions|privileges) to (?:write|create|access)
    (?i)permission denied while trying to connect to the docker daemon
    (?i)(?:^|[ :])(?P<path>\.{0,2}/[^\s:'"]+): permission denied
    (?i)['"‘“](?P<path>/[^'"’”]+)['"’”]: permission denied
    (?i)permission denied:? ['"](?P<path>[^'"]+)['"]
    \[Errno 13\] (?:Permission denied|权限不够)?:? ?['"]?(?P<path>/[^'"\s]*)?
    EACCES: permission denied(?:, \w+)? '(?P<path>[^']+)'
    Cannot write to '(?P<path>[^']+)' \(Permission denied\)
    (?i)\bEACCES\b.*permission denied
    (?i)permission denied$
    (?i)permission denied \(13\)
    (?:权限不够|Keine Berechtigung|Permission non accordée|Permiso denegado|Permissão negada|Отказано в доступе|許可がありません|Permesso negato)
    (?i)operation not permitted$
    \[Errno 1\] Operation not permitted(?:: '(?P<path>[^']+)')?
    (?i)read-only file system
    EnvironmentNotWritableError
    (?:NotWritableError|NoWritableEnvsDirError|NoWritablePkgsDirError): 
    (?i)you cannot perform this operation unless you are root
    (?i)You don't have write permissions for the (?P<path>\S+) directory
    does not have write permissions to the target environment
    detected dubious ownership in repository at '(?P<path>[^']+)'
    --dangerously-skip-permissions cannot be used with root
    (?i)permission denied \(os error 13\)
    (?i)you don't have write permissions for the (?P<path>\S+) directory
    (?i)must be (?:run as |root|superuser)
    (?i)(?:are you|you must be) root\b
    (?i)superuser privileges
    (?i)this command has to be run with superuser
    (?i)is not in the sudoers file
    (?i)sudo: (?:a password is required|a terminal is required|no tty present)
    (?i)could not create '(?P<path>[^']+)': permission denied
  RE
  except     = <<-RE
    (?i)permission denied \(publickey
    ^ERROR: \S+-r\d+: Permission denied
    \(13: |^W: 
    (?i)^(?:warning|npm warn)
  RE
  subject    = coalesce(docker_socket, node_package, claude_root, pip_last, path)
  summary    = path == "" ? "The user ${user} may not do that." : "The user ${user} may not touch ${path}."
  summary_zh = path == "" ? "用户 ${user} 无权这样做。" : "用户 ${user} 无权访问 ${path}。"
}

fact "node_package" {
  match = <<-RE
    EACCES: permission denied, \w+ '[^']*/node_modules/(?P<node_package>(?:@[\w.-]+/)?[a-zA-Z0-9][\w.-]*)
    npm (?:error|ERR!)(?:  )? path:? '?/[^']*/node_modules/(?P<node_package>(?:@[\w.-]+/)?[a-zA-Z0-9][\w.-]*)
  RE
}

# Claude Code refuses one flag to root.
fact "claude_root" {
  match = "--dangerously-skip-permissions cannot be used with root"
  value = "claude"
}

# pip installs what was asked for last; what it replaces it names.
fact "pip_last" {
  match = <<-RE
    ^Installing collected packages: (?:.*, )?(?P<pip_last>[A-Za-z0-9][\w.-]*)$
    ^Attempting uninstall: (?P<pip_last>[A-Za-z0-9][\w.-]*)
  RE
}

fact "docker_socket" {
  match = "unix://(?P<docker_socket>/\\S+?docker\\.sock)"
}

rule "permission_apt_root" {
  category   = "permission"
  tool       = "apt"
  priority   = 60
  match      = <<-RE
    Could not open lock file (?P<path>/\S+) - open \(13: 
    Unable to acquire the dpkg frontend lock \((?P<path>[^)]+)\), are you root\?
    requested operation requires superuser privilege
    List directory (?P<path>\S+) is missing. - Acquire \(13: 
    无法打开锁文件 (?P<path>/\S+) - open \(13: 
  RE
  subject    = coalesce(requested, path)
  summary    = "apt must run as root."
  summary_zh = "apt 必须以 root 运行。"
  detail     = user == "" ? "" : "The step ran as ${user}."
  detail_zh  = user == "" ? "" : "该步骤以 ${user} 运行。"
  fix {
    when     = batch != ""
    title    = "Run the batch as root: user = \"root\"; or list the packages in the batch's apt argument, which always is."
    title_zh = "以 root 运行批次：user = \"root\"；或把软件包写进批次的 apt 参数（它总是以 root 运行）。"
    safe     = true
    edit {
      address = "${batch}.user"
      set     = "root"
    }
  }
}

rule "permission_exit_126" {
  category   = "permission"
  exit_codes = [126]
  priority   = 10
  confidence = "low"
  summary    = "The command could not be executed: exit code 126, most often a file without the right to execute it."
  summary_zh = "命令无法执行：退出码 126，最常见的原因是文件没有执行权限。"
}

sample "apt_as_user" {
  log       = <<-LOG
    Reading package lists...
    E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)
    E: Unable to lock directory /var/lib/apt/lists/
  LOG
  exit_code = 100
  user      = "user"
  batch     = "template.x.batch.system"
  want      = { category = "permission", tool = "apt", subject = "/var/lib/apt/lists/lock", edit = "template.x.batch.system.user=root" }
}

sample "mkdir" {
  log       = "mkdir: cannot create directory '/opt/app': Permission denied"
  exit_code = 1
  user      = "user"
  batch     = "template.x.batch.make"
  want      = { category = "permission", subject = "/opt/app", fix = "user = \"root\"" }
}
