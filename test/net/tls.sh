# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with real TLS programs: a server on localhost:$port, its pid $server, which has page.txt with
# "content of a page". The current directory is $T then.

# 15 seconds at most for each of them, since a client may wait for ever
limited() {
	timeout 15 "$@"
}

cd "$T"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null
printf 'HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\ncontent of a page\n' >page.txt
port=$((20000 + $$ % 20000))
openssl s_server -accept $port -key key.pem -cert cert.pem -HTTP >server.out 2>&1 3>&- &
server=$!
t_held=$server # ends with the test
t_deadline
until limited curl -sk "https://localhost:$port/page.txt" >/dev/null; do
	t_late && break
	nap 100
done

# asks: the request of the page on stdout, which ends once the page is in the file `got`
asks() {
	printf 'GET /page.txt HTTP/1.0\r\n\r\n'
	t_deadline
	until grep -q "content of a page" got || t_late; do nap 20; done
}
