import { type CheckFailure } from "../plugin/check-properties";
import { type Properties, UNKNOWN, textOf } from "../plugin/property-values";

/** Provider options of @pulumi/azure-native 3 (its provider.d.ts), and those of the engine itself. */
const OPTIONS = `auxiliaryTenantIds clientCertificatePassword clientCertificatePath clientId clientSecret disableInstanceDiscovery
  disablePulumiPartnerId environment location metadataHost msiEndpoint oidcAudience oidcRequestToken oidcRequestUrl oidcToken
  oidcTokenFilePath partnerId subscriptionId tenantId useDefaultAzureCredential useMsi useOidc version pluginDownloadURL`.split(/\s+/);

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const checkConfig = (config: Properties): readonly CheckFailure[] =>
  Object.keys(config)
    .filter((name) => !OPTIONS.includes(name) && !name.startsWith("__"))
    .map((property) => ({ property, reason: `Unrecognized field '${property}'` }));

/** The option, else the environment (www.pulumi.com/registry/packages/azure-native/installation-configuration). Undefined while a preview does not know it. */
export function readSubscription(config: Properties, environment: NodeJS.ProcessEnv): string | undefined {
  const given = textOf(config, "subscriptionId");
  if (given === UNKNOWN) return undefined;
  const subscription = given || environment["ARM_SUBSCRIPTION_ID"] || environment["AZURE_SUBSCRIPTION_ID"] || "";
  if (subscription === "") {
    throw new Error(
      "A Subscription ID must be configured when authenticating to Azure.\n\nSet it with `pulumi config set azure-native:subscriptionId <value>` or the ARM_SUBSCRIPTION_ID environment variable.",
    );
  }
  if (!GUID.test(subscription)) throw new Error(`the subscription ID ${JSON.stringify(subscription)} is no GUID`);
  return subscription;
}
