FROM debian
RUN true
ARG FOO=1
# no GIVN
# GIVEN
