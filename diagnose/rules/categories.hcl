# What holds for every rule of a category: whether trying again can cure it, and
# the fixes that follow those of the rule. An edit is safe where it keeps what
# the author asked for, under the name that the author gave it.

category "timeout" {
  retryable = true
  fix {
    when      = timeout_s > 0 && batch != ""
    title     = "Give the batch more time: timeout = \"${duration(timeout_s < 30 ? 60 : timeout_s * 2)}\"."
    detail    = "Or split it into smaller batches, so that what is done stays cached."
    title_zh  = "给批次更多时间：timeout = \"${duration(timeout_s < 30 ? 60 : timeout_s * 2)}\"。"
    detail_zh = "或者拆成更小的批次，这样已完成的部分会留在缓存里。"
    safe      = true
    edit {
      address = "${batch}.timeout"
      set     = duration(timeout_s < 30 ? 60 : timeout_s * 2)
    }
  }
  fix {
    when     = timeout_s > 0 && batch != ""
    title    = "Split the batch in two, so that what the first one does stays cached."
    title_zh = "把批次拆成两个，这样第一个完成的部分会留在缓存里。"
    edit {
      address = "${batch}.split"
      set     = true
    }
  }
  fix {
    title     = "Build again, or let the batch try again by itself: retries = 2."
    title_zh  = "重新构建，或让批次自动重试：retries = 2。"
    detail    = "A slow or stalled server often answers the next time."
    detail_zh = "缓慢或停顿的服务器下一次往往就正常了。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
  fix {
    title     = "Use a nearer mirror."
    detail    = "Slow downloads are the usual cause: build with --mirror, for example --mirror cn in mainland China; `e2bt mirrors test` shows which answer."
    title_zh  = "使用更近的镜像。"
    detail_zh = "最常见的原因是下载慢：构建时加 --mirror，例如在中国大陆用 --mirror cn；`e2bt mirrors test` 会显示哪些镜像可用。"
    edit {
      address = "${template}.mirror"
      set     = "auto"
    }
  }
}

category "network" {
  retryable = true
  fix {
    title     = "Build again, or let the batch try again by itself: retries = 2."
    detail    = "`e2bt doctor` tells whether the network or one server is the trouble; --mirror NAME builds from another server."
    title_zh  = "重新构建，或让批次自动重试：retries = 2。"
    detail_zh = "`e2bt doctor` 会告诉你是网络还是某台服务器的问题；--mirror NAME 可改用其他服务器构建，例如 --mirror cn。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "service_unavailable" {
  retryable = true
  fix {
    title     = "Build again later, or let the batch try again by itself: retries = 2."
    detail    = "The server answered with an error of its own; --mirror NAME builds from another server."
    title_zh  = "稍后重新构建，或让批次自动重试：retries = 2。"
    detail_zh = "服务器自身出错；--mirror NAME 可改用其他服务器构建。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "rate_limited" {
  retryable = true
  fix {
    title     = "Wait and build again, with fewer builds at once (parallel in the e2bt block), or sign in to the server."
    detail    = "A mirror (--mirror NAME) has limits of its own."
    title_zh  = "等一会儿再构建，减少同时进行的构建（e2bt 块里的 parallel），或登录该服务器。"
    detail_zh = "镜像（--mirror NAME）有自己的限额。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "missing_package" {
  fix {
    when     = elsewhere(found_tool, found_subject) != ""
    title    = "${found_subject} is a package of ${elsewhere(found_tool, found_subject)}, not of ${found_tool}: list it there."
    title_zh = "${found_subject} 是 ${elsewhere(found_tool, found_subject)} 的软件包，而不是 ${found_tool} 的：请写到那里。"
    edit {
      address = "${batch}.${found_tool}[\"${found_subject}\"]"
      set     = null
    }
    edit {
      address = "${batch}.${elsewhere(found_tool, found_subject)}[+]"
      set     = found_subject
    }
  }
  fix {
    title    = "Check the spelling of ${coalesce(found_subject, "the package")} and that ${coalesce(found_tool, "this package manager")} is the one that has it."
    title_zh = "检查 ${coalesce(found_subject, "软件包")} 的拼写，并确认它属于 ${coalesce(found_tool, "这个软件包管理器")}。"
  }
}

category "version_not_found" {
  fix {
    when     = nearest(found_version, available) != ""
    title    = "Use ${found_subject} ${nearest(found_version, available)}, the nearest version that ${found_tool} has."
    title_zh = "改用 ${found_subject} ${nearest(found_version, available)}，这是 ${found_tool} 现有的最接近的版本。"
    safe     = true
    edit {
      address = "${template}.pins.${found_tool}[\"${found_subject}\"]"
      set     = nearest(found_version, available)
    }
  }
  fix {
    title    = "Ask for a version of ${coalesce(found_subject, "the package")} that exists."
    title_zh = "改用 ${coalesce(found_subject, "该软件包")} 实际存在的版本。"
  }
}

category "dependency_conflict" {
  fix {
    title     = "Loosen or change one of the versions that exclude each other."
    detail    = "The lines above name them; a package without a version lets the package manager choose one that fits."
    title_zh  = "放宽或更改互相冲突的版本之一。"
    detail_zh = "上面的日志列出了它们；不写版本时软件包管理器会自己选择合适的。"
  }
}

category "incompatible_runtime" {
  fix {
    title    = "Choose a base image with the version that ${coalesce(found_subject, "the package")} needs, or a version of it that fits this one."
    title_zh = "选择含有 ${coalesce(found_subject, "该软件包")} 所需版本的基础镜像，或选择适合当前环境的版本。"
  }
}

category "compile_failure" {
  fix {
    when     = needs(found_tool, found_subject) != "" && system == ""
    title    = "Install what ${found_subject} is built with: apt = [\"${replace(needs(found_tool, found_subject), " ", "\", \"")}\"]."
    title_zh = "安装构建 ${found_subject} 所需要的：apt = [\"${replace(needs(found_tool, found_subject), " ", "\", \"")}\"]。"
    safe     = true
    edit {
      address = "${batch}.apt[+]"
      set     = word(needs(found_tool, found_subject), "1")
    }
    edit {
      address = "${batch}.apt[+]"
      set     = word(needs(found_tool, found_subject), "2")
    }
    edit {
      address = "${batch}.apt[+]"
      set     = word(needs(found_tool, found_subject), "3")
    }
    edit {
      address = "${batch}.apt[+]"
      set     = word(needs(found_tool, found_subject), "4")
    }
  }
  fix {
    when     = batch != ""
    title    = "Install a compiler in the batch: ${coalesce(system, "apt")} = [\"${system == "apk" ? "build-base" : "build-essential"}\"]."
    title_zh = "在批次里安装编译器：${coalesce(system, "apt")} = [\"${system == "apk" ? "build-base" : "build-essential"}\"]。"
    safe     = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = system == "apk" ? "build-base" : "build-essential"
    }
  }
  fix {
    title    = "Or take a version of ${coalesce(found_subject, "the package")} that comes ready built for this Python or Node."
    title_zh = "或者选用为当前 Python 或 Node 提供预编译包的 ${coalesce(found_subject, "软件包")} 版本。"
  }
}

category "permission" {
  fix {
    when      = user != "root" && batch != ""
    title     = "Run the batch as root: user = \"root\"."
    detail    = "E2B runs steps as the user \"user\" unless told otherwise."
    title_zh  = "以 root 运行批次：user = \"root\"。"
    detail_zh = "除非另有说明，E2B 以用户 \"user\" 运行各步骤。"
    safe      = true
    edit {
      address = "${batch}.user"
      set     = "root"
    }
  }
  fix {
    when     = batch == ""
    title    = "Run the command as root, or write where the user may write."
    title_zh = "以 root 运行命令，或写到该用户有权写入的地方。"
  }
  fix {
    when     = user == "root"
    title    = "Check mode and owner of ${coalesce(found_subject, "the file")}."
    title_zh = "检查 ${coalesce(found_subject, "该文件")} 的权限和属主。"
  }
}

category "externally_managed" {
  fix {
    title     = "Install into a virtual environment: make /opt/venv first, and let every shell use it."
    detail    = "This Python belongs to the system's package manager, which does not want pip to change it (PEP 668)."
    title_zh  = "安装到虚拟环境：先创建 /opt/venv，并让所有 shell 使用它。"
    detail_zh = "这个 Python 归系统的软件包管理器所有，它不希望 pip 改动（PEP 668）。"
    safe      = true
    edit {
      address = system == "apk" ? "" : "${batch}.before.batch.venv"
      set = {
        apt  = ["python3-venv"]
        run  = ["python3 -m venv --system-site-packages /opt/venv", "echo 'PATH=/opt/venv/bin:$PATH' > /etc/profile.d/venv.sh"]
        user = "root"
      }
    }
  }
  fix {
    title     = "Or let pip override that: PIP_BREAK_SYSTEM_PACKAGES = \"1\" in the batch's env."
    detail    = "In a template that is used for nothing else little can break."
    title_zh  = "或者让 pip 忽略它：在批次的 env 里写 PIP_BREAK_SYSTEM_PACKAGES = \"1\"。"
    detail_zh = "模板没有别的用途，很少会因此出问题。"
    safe      = true
    edit {
      address = "${batch}.env[\"PIP_BREAK_SYSTEM_PACKAGES\"]"
      set     = "1"
    }
  }
}

category "tls" {
  fix {
    title     = "Install the certificates: apt = [\"ca-certificates\"]; behind a proxy of your own, add its certificate and run update-ca-certificates."
    detail    = "Check the sandbox's clock and the server's name as well."
    title_zh  = "安装证书：apt = [\"ca-certificates\"]；如在自己的代理之后，请加入代理的证书并运行 update-ca-certificates。"
    detail_zh = "同时检查沙箱的时钟和服务器的名字。"
    safe      = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = "ca-certificates"
    }
  }
}

category "auth" {
  fix {
    title    = "Give valid credentials for ${coalesce(found_subject, "the server")}, or use a source that needs none."
    title_zh = "为 ${coalesce(found_subject, "该服务器")} 提供有效的凭据，或改用不需要凭据的来源。"
  }
}

category "integrity" {
  retryable = true
  fix {
    title     = "Build again without cache; if it stays, use another mirror (--mirror NAME) or refresh the hash or key that the build expects."
    detail    = "What was downloaded is not what was announced: a mirror in the middle of its update, a proxy that cuts downloads short, or a changed file."
    title_zh  = "不用缓存重新构建；如果仍然失败，换一个镜像（--mirror NAME），或更新构建所期望的哈希或密钥。"
    detail_zh = "下载到的内容与声明的不符：镜像正在更新，代理截断了下载，或文件已改变。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "disk_full" {
  fix {
    title     = "Install less, or clean up in the same batch: apt-get clean, pip's and npm's caches, /tmp."
    detail    = "A cleanup block runs at the end of the build, which is too late for a disk that is full in the middle."
    title_zh  = "少装一些，或在同一个批次里清理：apt-get clean、pip 和 npm 的缓存、/tmp。"
    detail_zh = "cleanup 块在构建的最后才运行，磁盘中途写满时已经太晚。"
  }
}

category "out_of_memory" {
  fix {
    title     = "Give the build more memory: memory_mb = ${memory_mb > 0 ? memory_mb * 2 : 4096}."
    detail    = "Or do less at once: fewer jobs (make -j1), pip without cache (--no-cache-dir), NODE_OPTIONS=--max-old-space-size."
    title_zh  = "给构建更多内存：memory_mb = ${memory_mb > 0 ? memory_mb * 2 : 4096}。"
    detail_zh = "或者减少并发：减少任务数（make -j1），pip 不用缓存（--no-cache-dir），NODE_OPTIONS=--max-old-space-size。"
    safe      = true
    edit {
      address = "${template}.memory_mb"
      set     = memory_mb > 0 ? memory_mb * 2 : 4096
    }
  }
}

category "command_not_found" {
  fix {
    title     = "Install the package that has ${coalesce(found_subject, "the command")}, or give its full path."
    detail    = "Steps run as a login shell (bash -l): a PATH set in another batch's shell is gone, set it with env."
    title_zh  = "安装提供 ${coalesce(found_subject, "该命令")} 的软件包，或写出它的完整路径。"
    detail_zh = "各步骤在登录 shell（bash -l）里运行：别的批次里设置的 PATH 已经失效，请用 env 设置。"
  }
}

category "missing_file" {
  fix {
    when     = phase == "upload"
    title    = "Check the copy block's from: it is relative to the file's directory, and .dockerignore may leave ${coalesce(found_subject, "it")} out."
    title_zh = "检查 copy 块的 from：它相对于配置文件所在目录，而且 .dockerignore 可能排除了 ${coalesce(found_subject, "它")}。"
  }
  fix {
    title     = "Check the path ${coalesce(found_subject, "in the command")}, and that a copy block before this batch brings it."
    detail    = "Relative paths start at the batch's workdir; each batch begins there anew."
    title_zh  = "检查路径 ${coalesce(found_subject, "")}，并确认这个批次之前有 copy 块把它带进来。"
    detail_zh = "相对路径从批次的 workdir 算起；每个批次都从那里重新开始。"
  }
}

category "syntax" {
  fix {
    title    = "Correct what the message points at."
    title_zh = "修正消息所指出的地方。"
  }
}

category "base_image" {
  fix {
    title     = "Check name and tag of the image ${coalesce(found_subject, image)}, and that it exists for linux/amd64."
    detail    = "A private image needs a registry block in base."
    title_zh  = "检查镜像 ${coalesce(found_subject, image)} 的名字和标签，并确认它有 linux/amd64 版本。"
    detail_zh = "私有镜像需要在 base 里写 registry 块。"
  }
}

category "lock_held" {
  retryable = true
  fix {
    title     = "Build again; do not run two package managers at once in a batch."
    detail    = "Another process held the package manager's lock, often an apt started in the background."
    title_zh  = "重新构建；不要在一个批次里同时运行两个软件包管理器。"
    detail_zh = "另一个进程持有软件包管理器的锁，往往是后台启动的 apt。"
    safe      = true
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "ready_timeout" {
  fix {
    title     = "Check that the start command runs in the foreground and listens on 0.0.0.0 at the port that ready asks for."
    detail    = "Try it in a batch or in a sandbox; give it more time with timeout in the start block."
    title_zh  = "确认启动命令在前台运行，并在 0.0.0.0 上监听 ready 所询问的端口。"
    detail_zh = "先在批次或沙箱里试一试；在 start 块里用 timeout 给它更多时间。"
  }
}

category "lock_mismatch" {
  fix {
    title    = "Update the lock file (npm install, pnpm install, uv lock, poetry lock, ...), commit it, and build again."
    title_zh = "更新锁文件（npm install、pnpm install、uv lock、poetry lock 等），提交后重新构建。"
  }
}

category "unknown" {
  fix {
    title    = "Read the last lines of the log."
    title_zh = "请查看日志的最后几行。"
  }
}
