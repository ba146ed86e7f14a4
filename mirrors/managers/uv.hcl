# uv pip, into the system's Python as pip does; copy mode because the cache and
# site-packages may be on different layers.
order     = 120
separator = "=="
operators = ["===", "==", "~=", "!=", ">=", "<=", ">", "<", " @", "@", ";"]
env       = { UV_LINK_MODE = "copy", UV_NO_PROGRESS = "1" }
install   = "uv pip install --system $${flags} $${packages}"
cleanup   = "rm -rf /root/.cache/uv /home/*/.cache/uv"
