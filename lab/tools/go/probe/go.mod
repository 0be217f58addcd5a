module hybrid-k3s/lab/tools/probe

go 1.25.0
