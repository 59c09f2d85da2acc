{{/*
Every name is fixed, whatever the release is called: custom resources, webhook configurations and the lease are one a cluster,
so a second release must meet the first and fail instead of fighting it over them.
*/}}
{{- define "sluice.fullname" -}}
sluice
{{- end }}

{{/* Written by cert-manager or by the leader. */}}
{{- define "sluice.tlsSecret" -}}
sluice-tls
{{- end }}

{{/* The name that the API server calls, that Prometheus verifies and that replicas ask of each other. */}}
{{- define "sluice.serverName" -}}
{{ include "sluice.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "sluice.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* All pods of the release. */}}
{{- define "sluice.releaseSelector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The replicas alone, without the pods of hooks. */}}
{{- define "sluice.selector" -}}
{{ include "sluice.releaseSelector" . }}
app.kubernetes.io/component: admission
{{- end }}

{{- define "sluice.image" -}}
{{- $repository := required "image.repository is empty: build the image from the Dockerfile, push it, and name it here (--set image.repository=registry.example.com/sluice)" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* 65532 is the user of the image. */}}
{{- define "sluice.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "sluice.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where pods of Sluice may run, the replicas as well as those of hooks. */}}
{{- define "sluice.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Secrets that the container reads as files, by the name of their folder below /etc/sluice. */}}
{{- define "sluice.secretFiles" -}}
{{- if eq .Values.certificates.mode "CertManager" }}
- {name: tls, secret: {{ include "sluice.tlsSecret" . }}}
{{- end }}
{{- with .Values.prometheus }}
{{- if and (or .tokenSecret .caSecret) (not (hasPrefix "https://" .url)) }}
{{- fail "prometheus.tokenSecret and prometheus.caSecret need a prometheus.url with https" }}
{{- end }}
{{- with .tokenSecret }}
- {name: prometheus-token, secret: {{ . }}}
{{- end }}
{{- with .caSecret }}
- {name: prometheus-ca, secret: {{ . }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The kinds that can be woken: WAKEABLE in src/controller/owner-resource.ts. */}}
{{- define "sluice.wakeableKinds" -}}
- {group: "", resources: [replicationcontrollers]}
- {group: apps, resources: [daemonsets, replicasets, statefulsets]}
- {group: argoproj.io, resources: [workflows]}
- {group: batch, resources: [jobs]}
- {group: kubeflow.org, resources: [jaxjobs, mpijobs, paddlejobs, pytorchjobs, tfjobs, xgboostjobs]}
- {group: ray.io, resources: [rayclusters]}
{{- end }}

{{/* The kinds that tell of a gang, and what makes them: OWNER_KINDS in src/admission/owners.ts. */}}
{{- define "sluice.ownerKinds" -}}
- {group: apps, resources: [daemonsets, deployments, replicasets, statefulsets]}
- {group: batch, resources: [cronjobs, jobs]}
- {group: batch.volcano.sh, resources: [jobs]}
- {group: jobset.x-k8s.io, resources: [jobsets]}
- {group: kubeflow.org, resources: [jaxjobs, mpijobs, paddlejobs, pytorchjobs, tfjobs, xgboostjobs]}
- {group: kueue.x-k8s.io, resources: [workloads]}
- {group: leaderworkerset.x-k8s.io, resources: [leaderworkersets]}
- {group: ray.io, resources: [rayclusters, rayjobs, rayservices]}
- {group: sagemaker.amazonaws.com, resources: [hyperpodpytorchjobs]}
- {group: scheduler.grove.io, resources: [podgangs]}
- {group: scheduling.k8s.io, resources: [podgroups]}
- {group: scheduling.run.ai, resources: [podgroups]}
- {group: scheduling.volcano.sh, resources: [podgroups]}
- {group: scheduling.x-k8s.io, resources: [podgroups]}
- {group: trainer.kubeflow.org, resources: [trainjobs]}
{{- end }}
