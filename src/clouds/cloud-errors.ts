/** That there is no such thing: as the AWS provider says it (of route tables in words of their own) and as Azure does (ResourceNotFound). */
const ABSENCE = /no matching|returned no results|not ?found/i;

/** That the clouds do not know the caller, who could make no machine either: codes of EC2 and Azure, and of providers without a credential. */
const UNKNOWN_CALLER =
  /AuthFailure|InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|No valid credential sources|(Invalid|Expired)AuthenticationToken|AADSTS\d|az login/;

/** What the cloud said, on one line: the AWS provider counts its errors on a line before the first ("1 error occurred:"). */
export const errorText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n[\s*]*/g, " ");

export const isAbsent = (said: string): boolean => ABSENCE.test(said);

/** Whether the run would fail too. A look that is not allowed, throttled or cut off says nothing of what it was to look at. */
export const isUnusable = (said: string): boolean => isAbsent(said) || UNKNOWN_CALLER.test(said);
