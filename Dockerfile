# One image for every process of Settle; the command chooses which:
#   node apps/api/dist/server.js · node apps/worker/dist/main.js · node scripts/dist/migrate.js
# The full image, of the same system as the slim one below: it has a C++ compiler, for the native kernels.
FROM node:22-bookworm AS build
WORKDIR /app
COPY . .
# Set-up is what it is everywhere: npm ci without install scripts, Prisma client, kernels, compiled packages. What stays
# is what production needs; the optional packages are the embedded Postgres and a faster codec that is built at install.
# Native kernels that could not be built are an error here and nowhere else: nobody would read the line that says so.
RUN --mount=type=cache,target=/root/.npm \
    node scripts/setup.mjs \
 && test -f packages/native/build/settle-kernels.node \
 && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root: the processes run as another user and cannot change their own code.
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
COPY --from=build /app/apps ./apps
COPY --from=build /app/scripts ./scripts
COPY --from=build /app/prisma ./prisma
USER node
EXPOSE 3000
CMD ["node", "apps/api/dist/server.js"]
