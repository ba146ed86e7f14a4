# A compiler and a header are missing, one after the other.
# expect: fixed

template "header" {
  base { template = "lists" }

  batch "work" {
    run = ["printf '#include <zlib.h>\nint main(void) { return 0; }' | gcc -xc - -o /home/user/a"]
  }
}
