# Another process holds a package manager's lock.
rule "lock_held" {
  category   = "lock_held"
  priority   = 74
  match      = <<-RE
    can't create transaction lock on (?P<path>\S+)
    (?i)lock.*resource temporarily unavailable
    (?i)could not get lock (?P<path>\S+?)[. ]
    (?i)unable to (?:acquire the dpkg frontend lock|lock the administration directory) \((?P<path>[^)]+)\), is another process
    (?i)dpkg: error: dpkg frontend lock (?:is )?(?:was )?locked by another process
    \(unable to lock database\)
    (?i)unable to lock (?:database|directory (?P<path>\S+?))[: ]
    (?i)failed to open apk database: temporary error
    BlockingIOError: \[Errno 11\]
    \bECOMPROMISED\b
    (?i)lock compromised
    failed to acquire package cache lock
    (?i)ELOCKED|lock file is already being held
    (?i)another (?:app|copy|instance|process) (?:is )?(?:currently )?(?:holding|using) the (?:yum|dnf|rpm|package)? ?lock
    (?i)failed to init transaction \(unable to lock database\)
    (?i)LockError: 
    (?i)timeout (?:when|while)? ?waiting for (?:a )?lock
    (?i)another (?:git )?process seems to be running
    (?i)unable to create '(?P<path>[^']+\.lock)': file exists
    (?i)is (?:locked|held) by (?:another )?process
    无法获得锁 (?P<path>\S+)
    Sperre (?P<path>\S+) konnte nicht bezogen werden
    Impossible d'obtenir le verrou (?P<path>\S+)
    No se pudo bloquear (?P<path>\S+)
  RE
  except     = <<-RE
    Waiting for cache lock
    \(13: |are you root|Permission denied|权限不够|Keine Berechtigung
  RE
  unless     = <<-RE
    \(13: (?:Permission denied|权限不够|Keine Berechtigung|Permission non)
  RE
  subject    = coalesce(requested, path)
  summary    = "Another process holds the package manager's lock${path == "" ? "" : " ${path}"}."
  summary_zh = "另一个进程持有软件包管理器的锁${path == "" ? "" : " ${path}"}。"
}

sample "apt" {
  log  = <<-LOG
    E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 102 (apt-get)
    E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?
  LOG
  want = { category = "lock_held", subject = "/var/lib/dpkg/lock-frontend", retryable = "true" }
}
