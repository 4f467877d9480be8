/**
 * Base of each feature's exception type. A feature throws its own subclass with a code of its own string enum;
 * `api/problems.ts` maps every code to a status and a title.
 */
export abstract class FeatureError<Code extends string> extends Error {
  /**
   * @param code stable code, part of the API
   * @param detail what happened and what to do, for the person who reads the answer
   * @param field path of the input at fault, where there is one
   */
  constructor(
    readonly code: Code,
    detail: string,
    readonly field?: string,
  ) {
    super(detail);
    this.name = new.target.name;
  }
}
