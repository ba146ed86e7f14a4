# What holds for every rule of a category: whether trying again can cure it, and
# the fixes that follow those of the rule.

category "timeout" {
  retryable = true
  fix {
    when   = timeout_s > 0 && batch != ""
    title  = "Give the batch more time: timeout = \"${duration(timeout_s * 2)}\"."
    detail = "Or split it into smaller batches, so that what is done stays cached."
    safe   = true
    edit {
      address = "${batch}.timeout"
      set     = duration(timeout_s * 2)
    }
  }
  fix {
    title  = "Use a nearer mirror."
    detail = "Slow downloads are the usual cause: build with --mirror, for example --mirror cn in mainland China; `e2bt mirrors test` shows which answer."
  }
}

category "network" {
  retryable = true
  fix {
    title  = "Build again, or let the batch try again by itself: retries = 2."
    detail = "`e2bt doctor` tells whether the network or one server is the trouble; --mirror NAME builds from another server."
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "service_unavailable" {
  retryable = true
  fix {
    title  = "Build again later, or let the batch try again by itself: retries = 2."
    detail = "The server answered with an error of its own; --mirror NAME builds from another server."
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "rate_limited" {
  retryable = true
  fix {
    title  = "Wait and build again, with fewer builds at once (parallel in the e2bt block), or sign in to the server."
    detail = "A mirror (--mirror NAME) has limits of its own."
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "missing_package" {
  fix {
    title = "Check the spelling of ${coalesce(found_subject, "the package")} and that ${coalesce(found_tool, "this package manager")} is the one that has it."
  }
}

category "version_not_found" {
  fix {
    title = "Ask for a version of ${coalesce(found_subject, "the package")} that exists."
  }
}

category "dependency_conflict" {
  fix {
    title  = "Loosen or change one of the versions that exclude each other."
    detail = "The lines above name them; a package without a version lets the package manager choose one that fits."
  }
}

category "incompatible_runtime" {
  fix {
    title = "Choose a base image with the version that ${coalesce(found_subject, "the package")} needs, or a version of it that fits this one."
  }
}

category "compile_failure" {
  fix {
    when  = batch != ""
    title = "Install a compiler in the batch: apt = [\"build-essential\"]."
    edit {
      address = "${batch}.apt[+]"
      set     = "build-essential"
    }
  }
  fix {
    title = "Or take a version of ${coalesce(found_subject, "the package")} that comes ready built for this Python or Node."
  }
}

category "permission" {
  fix {
    when   = user != "root" && batch != ""
    title  = "Run the batch as root: user = \"root\"."
    detail = "E2B runs steps as the user \"user\" unless told otherwise."
    edit {
      address = "${batch}.user"
      set     = "root"
    }
  }
  fix {
    when  = batch == ""
    title = "Run the command as root, or write where the user may write."
  }
  fix {
    when  = user == "root"
    title = "Check mode and owner of ${coalesce(found_subject, "the file")}."
  }
}

category "externally_managed" {
  fix {
    title  = "Install into a virtual environment: run python3 -m venv /opt/venv first and use /opt/venv/bin/pip."
    detail = "This Python belongs to the system's package manager, which does not want pip to change it (PEP 668)."
  }
  fix {
    title  = "Or let pip override that: PIP_BREAK_SYSTEM_PACKAGES = \"1\" in the batch's env."
    detail = "In a template that is used for nothing else little can break."
    edit {
      address = "${batch}.env[\"PIP_BREAK_SYSTEM_PACKAGES\"]"
      set     = "1"
    }
  }
}

category "tls" {
  fix {
    title  = "Install the certificates: apt = [\"ca-certificates\"]; behind a proxy of your own, add its certificate and run update-ca-certificates."
    detail = "Check the sandbox's clock and the server's name as well."
    edit {
      address = "${batch}.apt[+]"
      set     = "ca-certificates"
    }
  }
}

category "auth" {
  fix {
    title = "Give valid credentials for ${coalesce(found_subject, "the server")}, or use a source that needs none."
  }
}

category "integrity" {
  retryable = true
  fix {
    title  = "Build again without cache; if it stays, use another mirror (--mirror NAME) or refresh the hash or key that the build expects."
    detail = "What was downloaded is not what was announced: a mirror in the middle of its update, a proxy that cuts downloads short, or a changed file."
  }
}

category "disk_full" {
  fix {
    title  = "Install less, or clean up in the same batch: apt-get clean, pip's and npm's caches, /tmp."
    detail = "A cleanup block runs at the end of the build, which is too late for a disk that is full in the middle."
  }
}

category "out_of_memory" {
  fix {
    title  = "Give the build more memory: memory_mb = 4096."
    detail = "Or do less at once: fewer jobs (make -j1), pip without cache (--no-cache-dir), NODE_OPTIONS=--max-old-space-size."
    edit {
      address = "${template}.memory_mb"
      set     = 4096
    }
  }
}

category "command_not_found" {
  fix {
    title = "Install the package that has ${coalesce(found_subject, "the command")}, or give its full path."
    detail = "Steps run as a login shell (bash -l): a PATH set in another batch's shell is gone, set it with env."
  }
}

category "missing_file" {
  fix {
    title  = "Check the path ${coalesce(found_subject, "in the command")}, and that a copy block before this batch brings it."
    detail = "Relative paths start at the batch's workdir; each batch begins there anew."
  }
}

category "syntax" {
  fix {
    title = "Correct what the message points at."
  }
}

category "base_image" {
  fix {
    title  = "Check name and tag of the image ${coalesce(found_subject, image)}, and that it exists for linux/amd64."
    detail = "A private image needs a registry block in base."
  }
}

category "lock_held" {
  retryable = true
  fix {
    title  = "Build again; do not run two package managers at once in a batch."
    detail = "Another process held the package manager's lock, often an apt started in the background."
    edit {
      address = "${batch}.retries"
      set     = 2
    }
  }
}

category "ready_timeout" {
  fix {
    title  = "Check that the start command runs in the foreground and listens on 0.0.0.0 at the port that ready asks for."
    detail = "Try it in a batch or in a sandbox; give it more time with timeout in the start block."
  }
}

category "lock_mismatch" {
  fix {
    title = "Update the lock file (npm install, pnpm install, uv lock, poetry lock, ...), commit it, and build again."
  }
}

category "unknown" {
  fix {
    title = "Read the last lines of the log."
  }
}
