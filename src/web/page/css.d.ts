/** Style sheets are bundled; an import brings no value. */
declare module '*.css';
