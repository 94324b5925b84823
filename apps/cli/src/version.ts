/** The version of this program; equal to the package's, as a spec sees to. */
export const version = '0.1.0';
