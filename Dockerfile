# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY webhooks ./webhooks
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY policies ./policies
# The image's own unprivileged user. Nothing is written: the root file system can be read-only.
USER 65532:65532
ENV NODE_ENV=production
EXPOSE 8443
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "dist/src/main.js"]
CMD ["serve"]
