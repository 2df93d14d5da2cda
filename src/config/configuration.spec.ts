import { join } from 'node:path';

import { loadConfiguration, PROJECT_DIRECTORY } from './configuration.js';

describe('loadConfiguration', () => {
  it('serves the demo model on localhost by default', () => {
    expect(loadConfiguration({})).toMatchObject({
      home: join(PROJECT_DIRECTORY, '.salamandra'),
      host: '127.0.0.1',
      port: 3000,
      isOpen: false,
      model: 'demo',
      precision: 'int8',
      mediaUrls: 'off',
      memoryBytes: null,
      cacheBytes: null,
      diskCacheBytes: 0,
      sharesCache: true,
      imageBytes: 1e8,
      imagePixels: 1e8,
      chatBytes: 1.36e8,
      databaseUrl: null,
      jobRoots: [],
      temporaryBytes: 8e9,
      uploadBytes: 5e10,
      webhookOrigins: [],
    });
  });

  it('reads the environment variables', () => {
    const env = {
      SALAMANDRA_HOME: '/data/models',
      HOST: '0.0.0.0',
      PORT: '0',
      SALAMANDRA_OPEN: '1',
      SALAMANDRA_MODEL: 'other',
      SALAMANDRA_PRECISION: 'fp32',
      SALAMANDRA_THREADS: '3',
      SALAMANDRA_MEDIA_URLS: 'on',
      SALAMANDRA_MEMORY_MB: '4000',
      SALAMANDRA_CACHE_MB: '0',
      SALAMANDRA_DISK_CACHE_MB: '500',
      SALAMANDRA_SHARED_CACHE: 'off',
      SALAMANDRA_IMAGE_MB: '40',
      SALAMANDRA_IMAGE_MEGAPIXELS: '400',
      SALAMANDRA_CHAT_MB: '30',
      DATABASE_URL: 'postgres://u:p@db/jobs',
      SALAMANDRA_JOB_ROOTS: '/photos:/films',
      SALAMANDRA_TEMPORARY_MB: '2000',
      SALAMANDRA_UPLOAD_MB: '3000',
      SALAMANDRA_WEBHOOK_ORIGINS: 'https://Hooks.example.org/, http://10.0.0.5:8080',
      SALAMANDRA_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,fd00::/8',
    };

    expect(loadConfiguration(env)).toEqual({
      home: '/data/models',
      host: '0.0.0.0',
      port: 0,
      isOpen: true,
      model: 'other',
      precision: 'fp32',
      threads: 3,
      allowedHosts: [],
      mediaUrls: { allowedDomains: null },
      memoryBytes: 4e9,
      cacheBytes: 0,
      diskCacheBytes: 5e8,
      sharesCache: false,
      imageBytes: 4e7,
      imagePixels: 4e8,
      chatBytes: 3e7,
      databaseUrl: 'postgres://u:p@db/jobs',
      jobRoots: ['/photos', '/films'],
      temporaryBytes: 2e9,
      uploadBytes: 3e9,
      webhookOrigins: ['https://hooks.example.org', 'http://10.0.0.5:8080'],
      trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'],
    });
  });

  it('normalizes the allowed media domains', () => {
    const env = {
      SALAMANDRA_MEDIA_URLS: 'on',
      SALAMANDRA_MEDIA_DOMAINS: 'Example.ORG., .càmera.cat',
    };

    expect(loadConfiguration(env).mediaUrls).toEqual({
      allowedDomains: ['example.org', '.xn--cmera-rqa.cat'],
    });
  });

  it('normalizes the allowed hosts', () => {
    const env = { SALAMANDRA_ALLOWED_HOSTS: 'Captions.Example.ORG, càmera.cat,[FD00::1]' };

    expect(loadConfiguration(env).allowedHosts).toEqual([
      'captions.example.org',
      'xn--cmera-rqa.cat',
      '[fd00::1]',
    ]);
  });

  it.each(['', 'a.org,', 'http://a.org', 'a.org:80', '*'])(
    'rejects SALAMANDRA_ALLOWED_HOSTS=%j',
    (value) => {
      expect(() => loadConfiguration({ SALAMANDRA_ALLOWED_HOSTS: value })).toThrow('host names');
    },
  );

  it.each(['', 'proxy', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', '::/129', '127.0.0.1,'])(
    'rejects SALAMANDRA_TRUSTED_PROXIES=%j',
    (value) => {
      expect(() => loadConfiguration({ SALAMANDRA_TRUSTED_PROXIES: value })).toThrow(
        'addresses and networks',
      );
    },
  );

  it('keeps media URLs off if only domains are set', () => {
    expect(loadConfiguration({ SALAMANDRA_MEDIA_DOMAINS: 'example.org' }).mediaUrls).toBe('off');
  });

  it.each(['SALAMANDRA_MEDIA_URLS', 'SALAMANDRA_SHARED_CACHE'])(
    'rejects other values for %s',
    (name) => {
      for (const value of ['', 'ON', 'true', '1']) {
        expect(() => loadConfiguration({ [name]: value })).toThrow(`${name} must be "on" or "off"`);
      }
    },
  );

  it.each([
    '',
    'a.org,',
    '*.a.org',
    'http://a.org',
    'a.org/x',
    'a.org:80',
    'u@a.org',
    '[::1]',
    '.',
  ])('rejects SALAMANDRA_MEDIA_DOMAINS=%j', (value) => {
    expect(() => loadConfiguration({ SALAMANDRA_MEDIA_DOMAINS: value })).toThrow('host names');
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['SALAMANDRA_THREADS', '0'],
    ['SALAMANDRA_THREADS', '1.5'],
    ['SALAMANDRA_THREADS', ''],
    ['SALAMANDRA_MEMORY_MB', '0'],
    ['SALAMANDRA_IMAGE_MB', '1301'],
    ['SALAMANDRA_IMAGE_MEGAPIXELS', '401'],
    ['SALAMANDRA_CHAT_MB', '7'],
    ['SALAMANDRA_TEMPORARY_MB', '0'],
    ['SALAMANDRA_CHAT_MB', '2701'],
    ['SALAMANDRA_CACHE_MB', '-1'],
    ['SALAMANDRA_DISK_CACHE_MB', '1GB'],
  ])('rejects %s=%s and names the variable', (name, value) => {
    expect(() => loadConfiguration({ [name]: value })).toThrow(`${name} must be a whole number`);
  });

  it('rejects an unknown precision', () => {
    expect(() => loadConfiguration({ SALAMANDRA_PRECISION: 'int2' })).toThrow(
      'SALAMANDRA_PRECISION and --precision must be int8, int4, mixed or fp32.',
    );
  });

  it.each(['int8', 'int4', 'mixed', 'fp32'])('takes %s', (precision) => {
    expect(loadConfiguration({ SALAMANDRA_PRECISION: precision }).precision).toBe(precision);
  });
});
