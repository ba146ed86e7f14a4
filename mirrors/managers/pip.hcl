# https://pip.pypa.io: every long option has an environment variable, which old versions ignore.
order     = 110
separator = "=="
operators = ["===", "==", "~=", "!=", ">=", "<=", ">", "<", " @", "@", ";"]
env       = { PIP_DISABLE_PIP_VERSION_CHECK = "1", PIP_NO_INPUT = "1", PIP_PROGRESS_BAR = "off", PIP_ROOT_USER_ACTION = "ignore" }
install   = "pip install $${flags} $${packages}"
cleanup   = "rm -rf /root/.cache/pip /home/*/.cache/pip"
