# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the TCP tools share, sourced after lib.sh.

worker=w_${t_test##*/} # the name of workloads, which no other test has

# ports VERB ARGS...: a workload of the name $worker; its two ports are $lport and $rport
ports() {
	"$WORK" -c "$worker" "$@" >"$T/ports"
	read -r lport rport <"$T/ports"
}

# elsewhere VERB ARGS...: the same in a network namespace of its own, whose number is $inum
elsewhere() {
	"$WORK" -c "$worker" netns "$@" >"$T/ports"
	{ read -r inum && read -r lport rport; } <"$T/ports"
}

# serve COMM VERB N: a server of that name for N connections; its pid is $server, its port $port
serve() {
	rm -f "$T/server"
	"$WORK" -c "$1" "$2" 0 "$3" >"$T/server" &
	server=$!
	until [ -s "$T/server" ]; do nap 10; done
	port=$(cat "$T/server")
}

# open_session TX RX: one that is open when the tool starts; close_session ends it
open_session() {
	rm -f "$T/line" "$T/session"
	mkfifo "$T/line"
	exec 5<>"$T/line"
	"$WORK" -c "$worker" tcphold4 "$1" "$2" <"$T/line" >"$T/session" 5>&- &
	session=$!
	until [ -s "$T/session" ]; do nap 10; done
	read -r lport rport <"$T/session"
}

close_session() {
	echo >&5
	wait $session
	exec 5>&-
	nap 200
}
