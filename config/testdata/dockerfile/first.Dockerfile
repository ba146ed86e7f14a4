RUN true
FROM x
