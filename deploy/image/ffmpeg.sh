#!/bin/sh
# Builds ffmpeg and ffprobe from Debian's source, with what the worker asks of
# them and no more: sound out of the containers of actors/io/media/audio.cpp, BMP
# pictures, and the first frame of a GIF. Debian's own program links 213 libraries,
# 246 MB.
#   ffmpeg.sh FOLDER    leaves bin/ and package.txt (name and version) there
set -eu
out=$1
for list in /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$list" ] || sed -i 's/^Types: deb$/Types: deb deb-src/' "$list"
done
if [ -f /etc/apt/sources.list ]; then
  sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/src.list
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  dpkg-dev gcc libc6-dev libmp3lame-dev make nasm pkg-config zlib1g-dev
work=$(mktemp -d)
cd "$work"
# Unpacks it with Debian's patches; apt checks the signature of the list that has
# its checksum.
apt-get source -qq ffmpeg
cd ffmpeg-*/

sound='eightsvx_*,aac,aac_latm,ac3,adpcm_*,alac,als,amrnb,amrwb,ape,aptx*,atrac*,cook'
sound="$sound,comfortnoise,dca,dolby_e,dsd_*,dss_sp,dst,dvaudio,eac3,evrc,flac,g723_1"
sound="$sound,g729,gsm,gsm_ms,iac,ilbc,imc,mace*,metasound,mlp,mp1*,mp2*,mp3*,mpc*"
sound="$sound,nellymoser,on2avc,opus,paf_audio,pcm_*,qcelp,qdm*,ra_*,ralf,s302m,sbc"
sound="$sound,shorten,sipr,siren,sonic,speex,tak,truehd,truespeech,tta,twinvq,vorbis"
sound="$sound,wavpack,wma*,xma*"
containers='aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,gif,image_bmp_pipe'
containers="$containers,matroska,mov,mp3,mpegps,mpegts,ogg,tta,w64,wav,wv"
./configure --prefix="$out" --disable-everything --disable-autodetect \
  --disable-doc --disable-network --disable-avdevice --disable-ffplay \
  --disable-debug --enable-zlib --enable-libmp3lame \
  --enable-protocol=file,pipe --enable-demuxer="$containers" \
  --enable-decoder="$sound,bmp,gif" \
  --enable-parser=aac,aac_latm,ac3,amr,bmp,cook,dca,flac,gif,gsm,mlp,mpegaudio,opus,sipr,tak,vorbis,xma \
  --enable-encoder=pcm_s16le,libmp3lame,png --enable-muxer=wav,mp3,image2pipe \
  --enable-filter=aresample,aformat,anull,atrim,null,scale,format,trim
make -s -j"$(nproc)" ffmpeg ffprobe
install -D -s -t "$out/bin" ffmpeg ffprobe
dpkg-parsechangelog -S Version | sed 's/^/ffmpeg /' >"$out/package.txt"
install -D -m 0644 debian/copyright "$out/copyright"
cd /
rm -rf "$work"
