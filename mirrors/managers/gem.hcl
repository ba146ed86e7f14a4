order     = 200
separator = ":"
operators = [":"]
install   = "gem install --no-document $${flags} $${packages}"
cleanup   = "rm -rf /root/.gem/specs /root/.local/share/gem/specs /home/*/.gem/specs"
