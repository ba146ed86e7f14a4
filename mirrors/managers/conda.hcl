order     = 130
separator = "="
operators = ["==", ">=", "<=", "!=", "=", ">", "<"]
install   = "conda install -y -q $${flags} $${packages}"
cleanup   = "conda clean -afy"
