# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bats: each test is a subshell with status, output and stderr set by run
load test_helper

setup() {
  make_host
  K="$FAKE/kubectl"
  echo 'v1.35.4+k3s1' >"$FAKE/k3s-version"
  printf '%s\n' 'rack-1 open us: data:' 'burst-0 open us: data:' 'burst-1 open us: data:false' 'burst-2 cordoned us: data:' \
    'rack-2 cordoned us:leaving data:true' 'rack-3 cordoned us: data:' >"$K/nodes"
  printf '%s\n' 'volume pvc-1 default/data' 'term' 'in burst-0 burst-1' 'volume pvc-2 db/logs' 'term' 'in burst-1' >"$K/volumes"
  echo 'db/logs db/log-0' >"$K/claims"
}

@test "those that leave are cordoned in one go, but for those that others have cordoned and those that are not there" {
  export CORDON='burst-0
burst-1
burst-2
burst-9'
  run_script prepare-removal
  assert_success
  [ -z "$output" ]
  [ "$(calls 'patch|annotate')" = 'k3s kubectl --request-timeout=15s patch node burst-0 burst-1 --type=merge -p {"metadata":{"annotations":{"hybrid-k3s/cordoned":"leaving"}},"spec":{"unschedulable":true}}' ]
}

@test "volumes that only those that leave can use are listed before anything is done" {
  export CORDON='burst-0
burst-1' KEEP_DATA=burst-1 ANNOTATE='burst-0 remove-data=true'
  run_script prepare-removal
  [ "$status" -eq 3 ]
  assert_output 'burst-1 pvc-2 db/logs db/log-0'
  refute_call 'patch|annotate'
  export KEEP_DATA='burst-0
burst-1'
  run_script prepare-removal
  [ "$status" -eq 3 ]
  assert_output 'burst-0 pvc-1 default/data
burst-1 pvc-2 db/logs db/log-0'
}

@test "a Node whose own annotation lets its data go is not asked for" {
  export CORDON=burst-1 KEEP_DATA=burst-1
  sed -i 's/^burst-1 .*/burst-1 open us: data:true/' "$K/nodes"
  run_script prepare-removal
  assert_success
  assert_call 'patch node burst-1 '
}

@test "an API that does not tell of volumes ends it before anything is done" {
  export CORDON=burst-0 KEEP_DATA=burst-0
  touch "$K/no-volumes"
  run_script prepare-removal
  [ "$status" -eq 1 ]
  assert_stderr 'the API server does not tell of volumes'
  refute_call 'patch|annotate'
}

@test "nodes that stay after all are given back, unless somebody else has cordoned them" {
  export UNCORDON='rack-2
rack-3
gone-1'
  run_script prepare-removal
  assert_success
  [ "$(calls 'patch|annotate')" = 'k3s kubectl --request-timeout=15s patch node rack-2 --type=merge -p {"metadata":{"annotations":{"hybrid-k3s/cordoned":null}},"spec":{"unschedulable":false}}
k3s kubectl --request-timeout=15s annotate node rack-2 rack-3 --overwrite hybrid-k3s/remove-data- hybrid-k3s/drain-policy-' ]
}

@test "each Node is told what its pool's settings say now" {
  export ANNOTATE='burst-0 remove-data=true
burst-1 remove-data=true
burst-1 drain-policy=force
gone-1 drain-policy=force'
  run_script prepare-removal
  assert_success
  [ "$(calls 'patch|annotate' | sort)" = 'k3s kubectl --request-timeout=15s annotate node burst-0 burst-1 --overwrite hybrid-k3s/remove-data=true
k3s kubectl --request-timeout=15s annotate node burst-1 --overwrite hybrid-k3s/drain-policy=force' ]
}

@test "a look lists the same and changes nothing" {
  export NODE_NAMES='burst-1
burst-9'
  run_script list-node-data
  assert_success
  assert_output 'burst-1 pvc-2 db/logs db/log-0'
  refute_call 'patch|annotate|cordon'
  touch "$K/no-volumes"
  run_script list-node-data
  assert_failure
}
