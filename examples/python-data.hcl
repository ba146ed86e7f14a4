# A Python template for data work: pinned packages, files of one's own, and a
# batch that runs as the sandbox's user.

locals {
  work = "/home/user/work"
}

template "python-data" {
  description = "NumPy and friends"
  memory_mb   = 2048

  pins {
    pip = { numpy = "2.2.6" }
  }

  batch "libraries" {
    timeout = "10m"
    retries = 1
    pip     = ["numpy", "tabulate"]
  }

  copy {
    from = "python-data/"
    to   = local.work
    user = "user"
  }

  batch "first-run" {
    timeout = "1m"
    workdir = local.work
    run     = ["python report.py > report.txt"]
  }

  cleanup {
    pip = true
  }

  check "report" {
    command  = "cat ${local.work}/report.txt"
    contains = "mean"
  }
}
