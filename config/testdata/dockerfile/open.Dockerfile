FROM debian
RUN <<EOF
never ends
