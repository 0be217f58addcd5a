# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run; texts for other shells stay unexpanded
load test_helper

setup() {
  make_host
  export NODE_NAME=rack-2 WAIT_SECONDS=2 LABELS='' TAINTS=''
  K="$FAKE/kubectl" D="$FAKE/tailscale"
  mkdir "$D"
  touch "$K/node"
  echo True >"$K/ready"
  echo 10.42.1.0/24 >"$K/cidr"
  printf '100.64.0.2\nfd7a::2\n' >"$K/ips"
  echo 100.64.0.1 >"$D/ip"
  echo 10.42.0.0/24 >"$D/routes"
  echo 'pong from rack-2 (100.64.0.2) via 198.18.0.30:41641 in 1ms' >"$D/pong"
  peer rack-2 100.64.0.2 10.42.1.0/24
  echo '10.42.1.0/24 dev tailscale0' >"$FAKE/ip-4-route-show-table-52-10.42.1.0-24"
}

peer() {
  printf '  "Peer": {\n    "nodekey:12ab": {\n      "HostName": "%s",\n      "TailscaleIPs": [\n        "%s",\n        "fd7a::2"\n      ],\n' "$1" "$2" >"$D/peers"
  [ -z "${3:-}" ] || printf '      "PrimaryRoutes": [\n        "%s"\n      ],\n' "$3" >>"$D/peers"
  printf '      "Online": true\n    }\n  },\n' >>"$D/peers"
}

@test "a Ready node whose podCIDR its own device serves is reported with its path" {
  run_script wait-ready
  assert_success
  assert_output '{"tailnetIp":"100.64.0.2","podCidr":"10.42.1.0/24","path":"direct"}'
}

@test "a second run changes nothing" {
  export LABELS='workload=batch' TAINTS='burst=true:NoSchedule'
  run_script wait-ready
  assert_success
  forget_calls
  run_script wait-ready
  assert_success
  refute_call 'kubectl --request-timeout=15s (label|taint|annotate)'
}

@test "a relayed path is told from a direct one" {
  echo 'pong from rack-2 (100.64.0.2) via DERP(lab) in 9ms' >"$D/pong"
  run_script wait-ready
  assert_output '{"tailnetIp":"100.64.0.2","podCidr":"10.42.1.0/24","path":"relay"}'
}

@test "the first server looks at its own routes" {
  export NODE_NAME=rack-1
  echo 100.64.0.1 >"$K/ips"
  echo 10.42.0.0/24 >"$K/cidr"
  run_script wait-ready
  assert_output '{"tailnetIp":"100.64.0.1","podCidr":"10.42.0.0/24","path":"self"}'
}

@test "a node that never registers is named with where to look" {
  rm "$K/node"
  run_script wait-ready
  assert_failure
  assert_stderr 'rack-2: no Node of this name after 2 s; see on rack-2: journalctl -u k3s-agent'
}

@test "a node that is not Ready is told with its own words" {
  echo False >"$K/ready"
  run_script wait-ready
  assert_failure
  assert_stderr 'not Ready with a podCIDR after 2 s: container runtime is down'
}

@test "a missing route names both causes" {
  peer rack-2 100.64.0.2
  run_script wait-ready
  assert_failure
  assert_stderr 'podCIDR 10.42.1.0/24 is no route in the tailnet after 2 s. Either it is not approved'
  assert_stderr 'or no rule of the policy lets'
}

@test "a route that this server did not accept is missing too" {
  rm "$FAKE/ip-4-route-show-table-52-10.42.1.0-24"
  run_script wait-ready
  assert_failure
  assert_stderr 'is served by rack-2 (100.64.0.2)'
}

@test "a podCIDR that another device serves is told with that device" {
  peer old-rack 100.64.0.9 10.42.1.0/24
  echo 100.64.0.9 >"$K/ips"
  echo 10.42.1.0/24 >"$K/cidr"
  printf '100.64.0.1\n' >"$K/ips"
  run_script wait-ready
  assert_failure
  assert_stderr 'its podCIDR 10.42.1.0/24 is served by old-rack (100.64.0.9) instead'
}

@test "a device that is gone ends the wait long before its limit" {
  peer other 100.64.0.9
  export WAIT_SECONDS=50 LOST_SECONDS=1
  run_script wait-ready
  assert_failure
  assert_stderr "its device 100.64.0.2 is not in the tailnet any more"
}

@test "a device that is gone gives the replace line" {
  peer other 100.64.0.9
  run_script wait-ready
  assert_failure
  assert_stderr "its device 100.64.0.2 is not in the tailnet any more"
  assert_stderr "$REPLACE_COMMAND"
}

@test "labels and taints are set and recorded as ours" {
  echo 'kubernetes.io/os=linux' >"$K/labels"
  export LABELS='workload=batch
site=' TAINTS='burst=true:NoSchedule
old:NoExecute'
  run_script wait-ready
  assert_success
  [ "$(sort "$K/labels" | paste -sd ' ' -)" = "kubernetes.io/os=linux site= workload=batch" ]
  [ "$(sort "$K/taints" | paste -sd ' ' -)" = "burst=true:NoSchedule old:NoExecute" ]
  [ "$(cat "$K/owned")" = "label:workload label:site taint:burst:NoSchedule taint:old:NoExecute" ]
}

@test "what the config names no more is taken off, what others set stays" {
  printf '%s\n' workload=batch hand=made >"$K/labels"
  printf '%s\n' burst=true:NoSchedule hand:NoSchedule >"$K/taints"
  printf 'label:workload label:vanished taint:burst:NoSchedule taint:vanished:NoExecute' >"$K/owned"
  export LABELS='tier=edge'
  run_script wait-ready
  assert_success
  [ "$(sort "$K/labels" | paste -sd ' ' -)" = "hand=made tier=edge" ]
  [ "$(cat "$K/taints")" = hand:NoSchedule ]
  [ "$(cat "$K/owned")" = label:tier ]
  refute_call 'taint node rack-2 .*vanished'
}

@test "a changed value is overwritten" {
  echo workload=batch >"$K/labels"
  printf 'label:workload' >"$K/owned"
  export LABELS=workload=web
  run_script wait-ready
  [ "$(cat "$K/labels")" = workload=web ]
  refute_call annotate
}

@test "the first server's device that is gone gives the login that keeps the cluster" {
  claim_host edge hybrid-k3s/dev rack-2
  peer other 100.64.0.9
  TAG=tag:k3s-edge run_script wait-ready
  assert_failure
  assert_stderr 'make a one-off auth key for tag:k3s-edge'
  assert_stderr 'tailscale up --reset --auth-key=KEY --hostname=rack-2 --accept-dns=false --accept-routes --snat-subnet-routes=false && systemctl restart k3s'
  [[ "$stderr" != *"$REPLACE_COMMAND"* ]]
}

over_vxlan() {
  export INTEGRATION=flannel-iface
  peer rack-2 100.64.0.2
  rm "$D/routes" "$FAKE/ip-4-route-show-table-52-10.42.1.0-24"
}

@test "in vxlan a node is waited for until its pod network answers, without any route in the tailnet" {
  over_vxlan
  echo Unauthorized | serve https://10.42.1.0:10250/healthz
  run_script wait-ready
  assert_success
  assert_output '{"tailnetIp":"100.64.0.2","podCidr":"10.42.1.0/24","path":"direct"}'
}

@test "in vxlan a pod network that does not answer names the rule that it needs" {
  over_vxlan
  TAG=tag:k3s-edge run_script wait-ready
  assert_failure
  assert_stderr 'its pod network 10.42.1.0/24 does not answer in vxlan after 2 s'
  assert_stderr 'must let tag:k3s-edge reach itself on UDP 8472'
}

@test "in vxlan a device that is gone is told as such" {
  over_vxlan
  peer other 100.64.0.9
  run_script wait-ready
  assert_failure
  assert_stderr "its device 100.64.0.2 is not in the tailnet any more"
}

@test "in vxlan the first server looks at its own device" {
  over_vxlan
  export NODE_NAME=rack-1
  echo 100.64.0.1 >"$K/ips"
  echo 10.42.0.0/24 >"$K/cidr"
  run_script wait-ready
  assert_failure
  assert_stderr 'does not answer in vxlan'
  echo '9: flannel.1: <UP>' >"$FAKE/ip-o-link-show-flannel.1"
  run_script wait-ready
  assert_output '{"tailnetIp":"100.64.0.1","podCidr":"10.42.0.0/24","path":"self"}'
}

@test "a server whose k3s dies again and again is told at once, with what helps" {
  touch "$FAKE/kubectl/down" "$FAKE/dying" "$FAKE/units/k3s.service.active"
  echo 'time="2026-11-29T04:45:10Z" level=error msg="Shutdown request received: \"kubelet exited: failed to run Kubelet: failed to create kubelet: open /dev/kmsg: no such file or directory\""' >"$FAKE/journal"
  local began=$SECONDS
  WAIT_SECONDS=50 run_script wait-ready
  assert_failure
  [ $((SECONDS - began)) -lt 40 ]
  assert_stderr 'k3s on this server dies again and again: level=error msg="Shutdown request received: '
  assert_stderr 'kubelet reads /dev/kmsg'
}

@test "a server is waited for until it votes in etcd, not only until it is Ready" {
  echo 'False MemberIsLearner' >"$K/voter"
  VOTER=true run_script wait-ready
  assert_failure
  assert_stderr 'Ready, but no voting member of etcd after 2 s (EtcdIsVoter: False MemberIsLearner)'
  (sleep 1 && echo 'True MemberNotLearner' >"$K/voter") &
  VOTER=true WAIT_SECONDS=10 run_script wait-ready
  assert_success
}
