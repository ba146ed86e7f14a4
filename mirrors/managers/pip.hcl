# https://pip.pypa.io: every long option has an environment variable, which old versions ignore.
order     = 110
separator = "=="
operators = ["===", "==", "~=", "!=", ">=", "<=", ">", "<", " @", "@", ";"]
env       = { PIP_DISABLE_PIP_VERSION_CHECK = "1", PIP_NO_INPUT = "1", PIP_PROGRESS_BAR = "off", PIP_ROOT_USER_ACTION = "ignore" }
install   = "pip install $${flags} $${packages}"
cleanup   = "rm -rf /root/.cache/pip /home/*/.cache/pip"

inventory {
  # What pip list prints, from the interpreter that pip runs with, in a fifth of the time.
  command = <<-SH
    py=$(sed -n '1s/^#! *//p' "$(command -v pip)")
    [ -n "$py" ] && "$py" -c '
    import sys, re
    from importlib.metadata import distributions
    seen = set()
    for d in distributions(path=[p for p in sys.path if p]):
        name = d.metadata["Name"]
        key = re.sub("[-_.]+", "-", name or "").lower()
        if key and key not in seen:
            seen.add(key)
            print(name + "==" + d.version)
    ' || pip list --format=freeze --disable-pip-version-check
  SH
  line    = "^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^ ]+)$"
  key     = "^[A-Za-z0-9][A-Za-z0-9._-]*"
  fold    = true
  purl    = "pypi"
}

outdated {
  command = "pip list --outdated --disable-pip-version-check"
  line    = "^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*) +(?P<version>[0-9][^ ]*) +(?P<latest>[0-9][^ ]*) +(?:wheel|sdist)"
}

logged {
  line = "^Successfully installed (?P<packages>.+)$"
  word = "^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)-(?P<version>[0-9][^-]*)$"
}

logged { line = "^ *(?:Downloading|Using cached) (?:[^ ]*/)?(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][A-Za-z0-9.+!_]*)(?:-[^ /]*)?\\.(?:whl|zip|tar\\.gz)" }

logged { line = "^Collecting (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][^ ,;]*)(?: |$)" }

hold {
  file   = "/tmp/e2bt-lock-pip.txt"
  format = "%s==%s\\n"
  env    = { PIP_CONSTRAINT = "/tmp/e2bt-lock-pip.txt", UV_CONSTRAINT = "/tmp/e2bt-lock-pip.txt" }
}

versions {
  command = "pip index versions $${package}"
  line    = "(?:^Available versions: |, )([0-9][^ ,]*)"
}
