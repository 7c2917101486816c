// Functions under test, as an ECMAScript module.
const ready = await Promise.resolve("ready");

export const esm = async () => ready;

export const awaited = (event) => ({ then: (resolve) => resolve(event) }); // a promise of somebody else's making

export default { default_one: async () => "default" };
