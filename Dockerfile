# The image of every app: `docker build --target commands|projector|gateway|standalone .`, standalone when no target is
# named. The targets differ in what they start and in whose health they ask; all layers are shared.
#
# No Docker engine is needed to see that the steps work: test/deploy/dockerfile-by-hand runs them in a temporary folder.

# The tests run on this major version; package.json says which others will do.
ARG NODE_VERSION=20

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /srv/portcullis
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY .swcrc ./
COPY scripts ./scripts
COPY apps ./apps
COPY libs ./libs
COPY bench ./bench
RUN npm run build

FROM node:${NODE_VERSION}-slim AS production-dependencies
WORKDIR /srv/portcullis
COPY package.json package-lock.json .npmrc ./
# TypeScript would stay as an optional peer of @nestjs/swagger, for a compiler plugin that is not used.
RUN npm ci --omit=dev && rm -r node_modules/typescript node_modules/@typescript

FROM node:${NODE_VERSION}-slim AS runtime
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /srv/portcullis
COPY package.json LICENSE ./
COPY --from=production-dependencies /srv/portcullis/node_modules ./node_modules
COPY --from=build /srv/portcullis/dist/libs ./dist/libs
COPY --from=build /srv/portcullis/dist/apps ./dist/apps
# The only folder that the program may write to, and only embedded storage does. 1000 is the image's user `node`.
RUN mkdir data && chown 1000:1000 data
USER 1000:1000
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=64"]

FROM runtime AS commands
EXPOSE 7301
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.CONTROL_PORT || 7301) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["dist/apps/commands/main.js"]

FROM runtime AS projector
EXPOSE 7302
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PROJECTOR_PORT || 7302) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["dist/apps/projector/main.js"]

FROM runtime AS gateway
EXPOSE 7300
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.EDGE_PORT || 7300) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["dist/apps/gateway/main.js"]

# Everything in one process, on embedded storage: mount a volume on /srv/portcullis/data.
FROM runtime AS standalone
EXPOSE 7300 7301
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.CONTROL_PORT || 7301) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["dist/apps/standalone/main.js"]
