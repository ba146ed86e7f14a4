# Failures that no category fits. Saying what they are is still of use.
rule "port_taken" {
  category   = "unknown"
  priority   = 45
  confidence = "medium"
  match      = <<-RE
    EADDRINUSE: address already in use \S*?(?::::?|:)(?P<port>\d+)
    EADDRINUSE.*?port:? (?P<port>\d+)
    (?i)address already in use.*?:(?P<port>\d+)\b
    (?i):(?P<port>\d+): bind: address already in use
    (?i)port (?P<port>\d+) is (?:already )?in use
    (?i)connection in use: \('?[^,]+,\s*(?P<port>\d+)\)
    (?i)address already in use(?P<any>)
  RE
  subject    = coalesce(port, listen_port)
  summary    = "Another process listens on port ${coalesce(port, listen_port, "that the command wants")} already."
  summary_zh = "端口 ${coalesce(port, listen_port, "")} 已被其他进程占用。"
  fix {
    title    = "Stop the other process, or give the command another port."
    title_zh = "停止占用端口的进程，或让命令使用其他端口。"
  }
}

fact "listen_port" {
  match = <<-RE
    ^port: (?P<listen_port>\d+),?$
  RE
}

rule "dpkg_script" {
  category   = "unknown"
  tool       = "dpkg"
  priority   = 36
  confidence = "medium"
  join       = 1
  match      = <<-RE
    dpkg: error processing (?:package|archive) (?P<package>[^\s:]+)\S* \(--\w+\):.*script subprocess
  RE
  subject    = basename(package)
  summary    = "The installation script of ${package} failed."
  summary_zh = "${package} 的安装脚本失败。"
  fix {
    title    = "Look at the line before dpkg's error: some scripts need /proc, a running init or a directory such as /usr/share/man/man1."
    title_zh = "查看 dpkg 错误之前的那一行：有些脚本需要 /proc、正在运行的 init，或 /usr/share/man/man1 之类的目录。"
  }
}

rule "dpkg_interrupted" {
  category   = "unknown"
  tool       = "dpkg"
  priority   = 47
  confidence = "medium"
  match      = "dpkg was interrupted, you must manually run"
  summary    = "An earlier dpkg was interrupted and left packages half installed."
  summary_zh = "先前的 dpkg 被中断，留下了未配置完的软件包。"
  fix {
    title    = "Run dpkg --configure -a first, or build without cache."
    title_zh = "先运行 dpkg --configure -a，或不用缓存重新构建。"
  }
}

rule "apt_confirmation" {
  category   = "unknown"
  tool       = "apt"
  priority   = 36
  confidence = "medium"
  match      = <<-RE
    (?i)Do you want to continue\? \[[^\]]*\] ?(?:Abort\.)?
    ^Abort\.$
    (?i)Is this ok \[y/N\]: ?(?:Operation aborted\.|Exiting)
    (?i)^Proceed \(\[y\]/n\)\?
  RE
  subject    = requested
  summary    = "The package manager waited for a yes that nobody gave."
  summary_zh = "软件包管理器在等待确认，但没有人回答。"
  fix {
    title    = "Add -y to the command, or list the packages in the batch's apt argument, which does."
    title_zh = "给命令加上 -y，或把软件包写进批次的 apt 参数（它会自动加）。"
  }
}

rule "account_exists" {
  category   = "unknown"
  priority   = 44
  confidence = "medium"
  match      = <<-RE
    (?:useradd|adduser|groupadd|addgroup|usermod): (?:user|group|UID|GID) '(?P<name>[^']+)' already exists
    (?:useradd|adduser|groupadd|addgroup|usermod): (?:UID|GID) (?P<name>\d+) is not unique
    (?i)(?:adduser|addgroup)?:? ?The (?:system )?(?:user|group) [`'](?P<name>[^']+)' already exists
    adduser: user '(?P<name>[^']+)' in use
    addgroup: group '(?P<name>[^']+)' in use
  RE
  subject    = name
  summary    = "The user or group ${name} is there already."
  summary_zh = "用户或组 ${name} 已经存在。"
  fix {
    title    = "Leave the line out, or guard it: id ${name} >/dev/null 2>&1 || useradd ..."
    title_zh = "删去这一行，或先判断：id ${name} >/dev/null 2>&1 || useradd ……"
  }
}

rule "account_missing" {
  category   = "unknown"
  priority   = 44
  confidence = "medium"
  match      = <<-RE
    no such user: (?P<name>[\w.-]+)
    invalid username: '(?P<name>[^']+)'
    unable to find (?:user|group) (?P<name>[\w.-]+): no matching entries
    can't find uid for user (?P<name>[\w.-]+)
    (?:invalid user|invalid group):? ['‘](?P<name>[^'’]+)['’]
    (?:unknown user(?:/group)?:? |unknown user )['"]?(?P<name>[\w.:-]+)
    (?:useradd|usermod|passwd|su|runuser|sudo|chown|install): (?:user|unknown user|group) '?(?P<name>[\w.-]+)'? does not exist
    (?:su|runuser): user (?P<name>\S+) does not exist
    FATAL: +role "(?P<name>[^"]+)" does not exist
    FATAL: +database "(?P<name>[^"]+)" does not exist
    Access denied for user '(?P<name>[^'@]+)'@
  RE
  subject    = name
  summary    = "There is no user or role ${name}."
  summary_zh = "没有用户或角色 ${name}。"
  fix {
    title    = "Create ${name} in an earlier batch."
    title_zh = "在更早的批次里创建 ${name}。"
  }
}

rule "unbound" {
  category   = "unknown"
  priority   = 40
  confidence = "medium"
  match      = <<-RE
    (?:line \d+: |: )(?P<name>\w+): unbound variable
    (?:\d+: |: )(?P<name>\w+): parameter not set
  RE
  subject    = name
  summary    = "The variable ${name} is not set."
  summary_zh = "变量 ${name} 没有设置。"
  fix {
    title    = "Set ${name} in the batch's or template's env, or give it a default: $${${name}:-...}."
    title_zh = "在批次或模板的 env 里设置 ${name}，或给它默认值：$${${name}:-……}。"
  }
}

rule "already_there" {
  category   = "unknown"
  priority   = 38
  confidence = "medium"
  match      = <<-RE
    destination path '(?P<path>[^']+)' already exists and is not an empty directory
    (?i)(?:cannot|can't|could not|failed to) (?:create|make) (?:directory|symbolic link|link) ['‘"]?(?P<path>[^'’":]+)['’"]?: File exists
  RE
  subject    = path
  summary    = "${path} is there already."
  summary_zh = "${path} 已经存在。"
  fix {
    title    = "Remove ${path} first, or use another place; mkdir -p and ln -sf do not mind."
    title_zh = "先删除 ${path}，或换一个位置；mkdir -p 和 ln -sf 不受影响。"
  }
}

rule "crashed" {
  category   = "unknown"
  priority   = 30
  confidence = "medium"
  match      = <<-RE
    (?i)segmentation fault
    (?i)\bbus error\b(?: \(core dumped\))?$
    (?i)floating point exception \(core dumped\)
  RE
  subject    = crashed_program
  summary    = "A program crashed."
  summary_zh = "程序崩溃。"
  fix {
    title    = "Try another version of the program, or another base image; a crash is a bug of the program."
    title_zh = "换一个版本或换一个基础镜像；崩溃是程序自身的缺陷。"
  }
}

fact "crashed_program" {
  match = <<-RE
    line \d+: +\d+ Segmentation fault +(?:\(core dumped\) +)?(?P<crashed_program>[\w./+-]+)
  RE
}

rule "watchers" {
  category   = "unknown"
  priority   = 95
  confidence = "medium"
  match      = "ENOSPC: System limit for number of file watchers reached(?:, watch '(?P<path>[^']+)')?"
  subject    = path
  summary    = "The system's limit of file watchers is reached; the disk is not full."
  summary_zh = "达到系统的文件监视数量上限；磁盘并没有满。"
  fix {
    title    = "Watch fewer files, or poll (CHOKIDAR_USEPOLLING=1); in a build, do not start watchers at all."
    title_zh = "减少监视的文件，或改用轮询（CHOKIDAR_USEPOLLING=1）；构建中最好不要启动监视。"
  }
}

rule "too_many_files" {
  category   = "unknown"
  priority   = 44
  confidence = "medium"
  match      = <<-RE
    (?i)too many open files
    \bEMFILE\b
    (?i)argument list too long
  RE
  summary    = "A limit of the system is reached: too many open files or too long a command."
  summary_zh = "达到系统上限：打开的文件过多或命令过长。"
  fix {
    title    = "Raise the limit (ulimit -n) or do less at once."
    title_zh = "提高上限（ulimit -n），或减少并发。"
  }
}

rule "script_failed" {
  category   = "unknown"
  priority   = 8
  confidence = "low"
  match      = <<-RE
    ^(?:TypeError|ReferenceError|RangeError|ValueError|KeyError|AttributeError|IndexError|NameError|RuntimeError|AssertionError|ZeroDivisionError|OSError|Exception)(?:: |$)
    ^(?:npm (?:error|ERR!) )?(?P<error>Error): .
    ^panic: 
    ^thread '[^']+' (?:\(\d+\) )?panicked at 
    ^Exception in thread "
    npm (?:error|ERR!) code ELIFECYCLE
    ^(?:npm (?:error|ERR!) )?Exit status \d+$
    ELIFECYCLE  Command failed
    ^error: script "(?P<script>[^"]+)" exited with code \d+
    ^error Command failed with exit code \d+\.
  RE
  subject    = script
  summary    = "The program or script failed by itself; no rule knows its message."
  summary_zh = "程序或脚本自身失败；没有规则认识这条消息。"
  fix {
    title    = "Read its message: the cause is in the program, not in what was installed."
    title_zh = "请看它自己的消息：原因在程序里，而不在所安装的软件包。"
  }
}

sample "port" {
  log  = "Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1941:16)"
  want = { category = "unknown", subject = "3000" }
}

sample "dpkg" {
  log       = <<-LOG
    the java command requires a mounted proc fs (/proc).
    dpkg: error processing package openjdk-17-jre-headless:amd64 (--configure):
     installed openjdk-17-jre-headless:amd64 package post-installation script subprocess returned error exit status 1
    E: Sub-process /usr/bin/dpkg returned an error code (1)
  LOG
  exit_code = 100
  want      = { category = "unknown", subject = "openjdk-17-jre-headless" }
}

sample "user" {
  log       = "useradd: user 'user' already exists"
  exit_code = 9
  want      = { category = "unknown", subject = "user" }
}

sample "role" {
  log       = "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  role \"root\" does not exist"
  exit_code = 2
  want      = { category = "unknown", subject = "root" }
}

sample "yes" {
  log      = "After this operation, 60.1 MB of additional disk space will be used.\nDo you want to continue? [Y/n] Abort."
  language = "zh"
  want     = { category = "unknown", summary = "等待确认", fix = "-y" }
}

# E2B ends a build when a newer one of the same template has a tag of it.
rule "superseded" {
  category   = "unknown"
  priority   = 99
  match      = <<-RE
    ^build was cancell?ed$
    build was cancell?ed because it was superseded
    superseded by a newer one
  RE
  summary    = "A newer build of this template took its place, or it was cancelled."
  summary_zh = "该模板的新构建取代了它，或者它被取消了。"
  fix {
    title     = "Let one job at a time build this template, or give each build a tag of its own, as e2bt does."
    title_zh  = "同一时间只让一个任务构建此模板，或像 e2bt 那样让每次构建使用自己的标签。"
    detail    = "E2B ends a build when a newer one of the same template is started under one of its tags; `e2bt cancel` uses that."
    detail_zh = "同一模板以相同标签开始新的构建时，E2B 会结束旧的构建；`e2bt cancel` 就是这样做的。"
  }
}

sample "superseded" {
  log    = "[base] FROM e2bdev/base"
  reason = "The build was canceled because it was superseded by a newer one."
  want   = { category = "unknown" }
}
