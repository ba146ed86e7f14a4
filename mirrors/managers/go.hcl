# go install wants a version for each; "latest" is its own word for none.
order     = 180
separator = "@"
operators = ["@"]
env       = { GOBIN = "/usr/local/bin" }
install   = "go install $${flags} $${packages}"
each      = true
cleanup   = "rm -rf /root/.cache/go-build /root/go/pkg /home/*/.cache/go-build /home/*/go/pkg"
default   = "latest"
