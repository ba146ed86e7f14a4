# go install wants a version for each; "latest" is its own word for none.
order     = 180
separator = "@"
operators = ["@"]
env       = { GOBIN = "/usr/local/bin" }
install   = "go install $${flags} $${packages}"
each      = true
cleanup   = "rm -rf /root/.cache/go-build /root/go/pkg /home/*/.cache/go-build /home/*/go/pkg"
default   = "latest"

# Of every program in GOBIN: the package that it is, and its module's version.
inventory {
  command = "go version -m /usr/local/bin | while read -r kind path version rest; do case $kind in path) p=$path ;; mod) echo \"$p $version\" ;; esac; done"
  line    = "^(?P<name>[^ ]+) (?P<version>v[^ ]+)$"
  purl    = "golang"
}

versions {
  command = "go list -m -versions $${package}"
  line    = " (v[0-9][^ ]*)"
}
