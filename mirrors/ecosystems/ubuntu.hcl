order  = 12
title  = "Ubuntu packages"
group  = "apt"
tools  = ["apt"]
how    = "mirror lists in /etc/apt"
native = "apt tries them in turn, the official server last"

rewrite "apt" { match = "/ubuntu" }

probe {
  path   = "/dists/noble/InRelease"
  agent  = "Debian APT-HTTP/1.3 (2.8.3)"
  marker = "Origin: Ubuntu"
  stamp  = "apt"
  sample = "/dists/noble/Contents-amd64.gz"
}
