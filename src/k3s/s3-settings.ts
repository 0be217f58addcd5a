import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { ClusterContext, S3Credentials } from "../cluster-context";
import { type S3Plan, s3SecretName } from "../plan/plan-backup";
import { RemoteScript, type RemoteScriptArgs } from "../remote/remote-script";

interface S3SettingsArgs {
  readonly context: ClusterContext;
  readonly s3: S3Plan;
  readonly credentials: S3Credentials;
  readonly route: RemoteScriptArgs["route"];
  /** The server that it is told of. */
  readonly node: string;
  /** Id of the link that the API is up after. */
  readonly previous: pulumi.Input<string>;
}

const LIMIT_SECONDS = 900;

/** Gives k3s what it needs for backups in S3, in the cluster itself: other credentials are placed in place, and no k3s restarts for them. */
export function createS3Settings(name: string, args: S3SettingsArgs, opts: pulumi.CustomResourceOptions): RemoteScript {
  const { context, s3, credentials, route, node, previous } = args;
  const path = `/run/hybrid-k3s/${context.plan.name}/s3-settings.yaml`;
  const secret = pulumi
    .all([credentials.accessKey, credentials.secretKey])
    .apply(([accessKey, secretKey]) => renderS3Secret(s3, { accessKey, secretKey }));
  return new RemoteScript(
    name,
    {
      node,
      script: "place-s3-settings",
      environment: { NODE_NAME: node, SETTINGS_FILE: path },
      secretFiles: [{ path, secret }],
      route,
      credentials: context.ssh,
      previous,
      limitSeconds: LIMIT_SECONDS,
    },
    opts,
  );
}

/** A Secret of k3s's own form; its keys are those of k3s's settings. */
export function renderS3Secret(s3: S3Plan, { accessKey, secretKey }: { readonly accessKey: string; readonly secretKey: string }): string {
  return stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: s3SecretName, namespace: "kube-system" },
    type: "etcd.k3s.cattle.io/s3-config-secret",
    stringData: {
      "etcd-s3-endpoint": s3.endpoint,
      ...(s3.caPem === "" ? {} : { "etcd-s3-endpoint-ca": s3.caPem }),
      "etcd-s3-bucket": s3.bucket,
      "etcd-s3-bucket-lookup-type": s3.bucketLookup,
      "etcd-s3-region": s3.region,
      "etcd-s3-folder": s3.folder,
      "etcd-s3-access-key": accessKey,
      "etcd-s3-secret-key": secretKey,
    },
  });
}
