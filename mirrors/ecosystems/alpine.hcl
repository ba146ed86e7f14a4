order = 20
title = "Alpine packages"
group = "apk"
tools = ["apk"]
how   = "/etc/apk/repositories"

rewrite "apk" { match = "/alpine/" }

caches = ["/var/cache/apk/*"]

probe {
  path   = "/last-updated"
  agent  = "Wget"
  marker = "\n"
  stamp  = "seconds"
  sample = "/latest-stable/main/x86_64/APKINDEX.tar.gz"
}
