FROM debian:12
RUN <<EOF
apt-get update
apt-get install -y jq
EOF
RUN <<-EOF
	echo "tabs go"
	EOF
RUN python3 <<EOF && echo after
print("a;b")
EOF
RUN <<EOF
#!/usr/bin/env python3
print('it''s')
EOF
ENV NAME=world
COPY <<EOF /etc/greeting
hello $NAME
EOF
COPY --chown=user <<"EOF" <<EOF2 /srv/
hello $NAME
EOF
second
EOF2
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN false | true
RUN ["echo", "exec form"]
CMD echo $HOME
