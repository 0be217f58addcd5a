/** Keys of a stack file that stand beside the sections: secrets, because one nested secret hides a whole section, and settings of providers. */
export interface StackKey {
  readonly key: string;
  readonly isSecret?: true;
  readonly example?: string;
  readonly description: string;
}

export const stackKeys: readonly StackKey[] = [
  {
    key: "hybrid-k3s:sshPrivateKey",
    isSecret: true,
    description: "Private key for SSH to the nodes, as OpenSSH writes it, without a passphrase.",
  },
  { key: "hybrid-k3s:bastionPrivateKey", isSecret: true, description: "The same for bastions. Default: sshPrivateKey." },
  { key: "hybrid-k3s:headscaleApiKey", isSecret: true, description: "API key of your headscale. With `mode: headscale` only." },
  { key: "hybrid-k3s:s3AccessKey", isSecret: true, description: "Access key of the S3 of backups. With `cluster.backup.s3` only." },
  { key: "hybrid-k3s:s3SecretKey", isSecret: true, description: "Its secret." },
  {
    key: "hybrid-k3s:datastoreEndpoint",
    isSecret: true,
    description: "Where the database is and how k3s logs in to it, as k3s writes it. With `cluster.datastore: external` only.",
  },
  { key: "tailscale:oauthClientId", example: "k123456CNTRL", description: "Id of the tailnet's OAuth client." },
  { key: "tailscale:oauthClientSecret", isSecret: true, description: "Its secret." },
  { key: "tailscale:apiKey", isSecret: true, description: "An API key in the OAuth client's place. It lives 90 days at most." },
  { key: "tailscale:tailnet", example: "example.org", description: "Name of the tailnet. Default: the credential's own." },
  { key: "tailscale:baseUrl", example: "https://api.tailscale.com", description: "Where the tailnet's API stands." },
  { key: "aws:region", example: "eu-central-1", description: "Any region: each pool names its own. Needed by Pulumi's AWS provider." },
  {
    key: "azure-native:subscriptionId",
    example: "00000000-0000-0000-0000-000000000000",
    description: "Subscription that the Azure machines are made in. Default: ARM_SUBSCRIPTION_ID, or that of `az login`.",
  },
];
