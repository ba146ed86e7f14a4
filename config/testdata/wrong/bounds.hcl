locals {
  much  = setproduct(range(1000), range(1000))
  ten   = range(10)
  two   = "${local.long}${local.long}"
  long  = join("", [for i in range(1000) : "0123456789012345678901234567890123456789"])
  n     = range(1000)
  big   = [for i in local.n : [for j in local.n : [for k in local.n : k]]]
  l1    = [local.ten, local.ten, local.ten, local.ten, local.ten, local.ten, local.ten, local.ten, local.ten, local.ten]
  l2    = [local.l1, local.l1, local.l1, local.l1, local.l1, local.l1, local.l1, local.l1, local.l1, local.l1]
  l3    = [local.l2, local.l2, local.l2, local.l2, local.l2, local.l2, local.l2, local.l2, local.l2, local.l2]
  l4    = [local.l3, local.l3, local.l3, local.l3, local.l3, local.l3, local.l3, local.l3, local.l3, local.l3]
  l5    = [local.l4, local.l4, local.l4, local.l4, local.l4, local.l4, local.l4, local.l4, local.l4, local.l4]
}

template "many" {
  for_each = setunion(
    toset([for p in setproduct(range(101), range(101)) : join("-", p)]),
    toset([for p in setproduct(range(101), range(101)) : join("+", p)]),
  )
}

template "dynamic" {
  dynamic "batch" {
    for_each = setproduct(range(101), range(100))
    labels   = ["b${batch.key}"]
    content {
      run = ["true"]
    }
  }
}
